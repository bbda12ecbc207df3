import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { FoundReason } from "@holdfast/shared/format/found-reasons";

/** Reasons of a disk whose backup found that change tracking had not told the truth. */
export const liedReasons: ReadonlySet<string> = new Set([
  "tracking-lied",
  "tracking-missed",
] satisfies readonly FoundReason[]);

/**
 * Checkpoints of one VM that backups to come may build on: those that its newest point in each repository names. Once a backup
 * found that tracking had lied, no checkpoint that is older is needed by anybody: what it tells lacks the same changes.
 */
export const checkpointsNeededBy = (newest: readonly PointSummary[]): ReadonlySet<string> => {
  const lied = newest.filter(({ disks }) => disks.some(({ reason }) => liedReasons.has(reason)));
  const truthful = lied.reduce((latest, { capturedMs }) => (capturedMs > latest ? capturedMs : latest), 0n);
  const needed = newest.filter(({ capturedMs, checkpointId }) => checkpointId !== "" && capturedMs >= truthful);
  return new Set(needed.map(({ checkpointId }) => checkpointId));
};
