import type { SessionId } from "@holdfast/shared/ids/ids";
import * as z from "zod";
import type { WorkerDefinition } from "./worker-definition.ts";
import type { WorkerState } from "./worker-state.ts";

/** What has to be done to the VM before its next launch, so that it is what the definition says. */
export type PendingChange = "none" | "reshape" | "remake";

/** A test under way, or whose worker still goes down. */
export const workerTestSchema = z.object({
  sessionId: z.string().transform((id) => id as SessionId),
  verdict: z.enum(["open", "passed", "failed"]),
  /** Why it failed; empty otherwise. */
  reason: z.string(),
});

/** The test that a worker is at. */
export type WorkerTest = z.output<typeof workerTestSchema>;

/** A worker as it is kept. */
export interface Worker {
  /** 12 of `[0-9a-z]`. */
  readonly workerId: string;
  readonly definition: WorkerDefinition;
  readonly enabled: boolean;
  readonly state: WorkerState;
  /** Wall-clock time of the last move, for showing. */
  readonly movedMs: number;
  /** What it is doing or waits for, in words. */
  readonly doing: string;
  /** Why it cannot be used; empty when it can. */
  readonly unhealthyReason: string;
  /** When that was found; after a rest it may be tried again by itself. */
  readonly unhealthyMs: number;
  /** Empty while it has none. */
  readonly vmId: string;
  /** The disk uploaded for it; empty for none. */
  readonly diskId: string;
  /** Counts the VMs that were made for it, so that ids of one never meet those of another. */
  readonly generation: number;
  readonly pending: PendingChange;
  /** True since an operator removed it: it only goes away. */
  readonly removing: boolean;
  /** Null unless a test is under way. */
  readonly test: WorkerTest | null;
  readonly createdMs: number;
}

/** A worker as it begins: it has no VM, that is made when it is first needed or tested. */
export const newWorker = (workerId: string, definition: WorkerDefinition, nowMs: number): Worker => ({
  workerId,
  definition,
  enabled: true,
  state: "absent",
  movedMs: nowMs,
  doing: "its VM is made when it is first needed",
  unhealthyReason: "",
  unhealthyMs: 0,
  vmId: "",
  diskId: "",
  generation: 0,
  pending: "none",
  removing: false,
  test: null,
  createdMs: nowMs,
});

/** The mark of a worker's VM and disk: tells whose they are without our state. It is no attempt's mark, so the janitor lets it be. */
export const workerMarkOf = (installationId: string, workerId: string): string =>
  `holdfast/${installationId}/worker/${workerId}`;

/** Correlation id of everything that is asked of an engine for a worker. */
export const workerCorrelationIdOf = (workerId: string): string => `hf-worker-${workerId}`;
