import type { Capture } from "../hypervisor/captures.ts";

/** How the disks of a VM are frozen: the first three by the engine's backup API, which decides between them itself. */
export const captureKinds = ["hybrid", "live", "cold", "snapshot"] as const;

/** One of them. */
export type CaptureKind = (typeof captureKinds)[number];

/** What the backup API did: only a hybrid capture names a snapshot. */
export const kindOf = (capture: Pick<Capture, "snapshotId">, statusAtStart: string): CaptureKind => {
  if (capture.snapshotId !== undefined) return "hybrid";
  return statusAtStart === "down" ? "cold" : "live";
};
