import { hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { Checkpoint } from "../hypervisor/captures.ts";
import { parseMark } from "../hypervisor/marks.ts";
import { type StepDeps, throughConflicts, waitFor } from "./waiting.ts";

/** Which checkpoints of a VM are to stay. */
export interface CheckpointsRequest {
  readonly vmId: string;
  readonly installationId: string;
  /**
   * Checkpoints that the newest good point of this VM in any repository names, and those of uncertain tasks. Never call this
   * without having asked every repository that may have such a point.
   */
  readonly keepIds: ReadonlySet<string>;
  /** Checkpoints known to be ours from points of ours, for engines that do not copy the description. */
  readonly ownIds?: ReadonlySet<string>;
}

/** The checkpoints of ours that nobody needs, oldest first: older engines remove only the oldest one. */
export const obsoleteCheckpoints = (
  checkpoints: readonly Checkpoint[],
  { installationId, keepIds, ownIds }: Omit<CheckpointsRequest, "vmId">,
): readonly Checkpoint[] =>
  checkpoints
    .filter(
      ({ id, description }) =>
        !keepIds.has(id) && (ownIds?.has(id) === true || parseMark(description)?.installationId === installationId),
    )
    .toSorted((one, other) => (one.createdMs ?? 0) - (other.createdMs ?? 0));

/**
 * Removes what `obsoleteCheckpoints` names, one after the other, waiting for each. A refused removal is logged and left to
 * the janitor: too many checkpoints cost little. Answers the ids removed.
 */
export const removeObsoleteCheckpoints = async (
  deps: StepDeps,
  request: CheckpointsRequest,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const { vmId } = request;
  const checkpoints = await deps.hypervisor.listCheckpoints(vmId, signal);
  const removed: string[] = [];
  for (const { id } of obsoleteCheckpoints(checkpoints, request)) {
    try {
      await removeCheckpoint(deps, { vmId, checkpointId: id }, signal);
      removed.push(id);
    } catch (caught) {
      if (!hasCode(caught, "ENGINE_CONFLICT", "ENGINE_FAULT", "TIMEOUT")) throw caught;
      deps.log.warn("a checkpoint is left for the janitor", { vm: vmId, checkpoint: id, err: caught });
    }
  }
  return removed;
};

/** Removes one checkpoint and waits until the engine lists it no more. */
export const removeCheckpoint = async (
  deps: StepDeps,
  { vmId, checkpointId }: { readonly vmId: string; readonly checkpointId: string },
  signal: AbortSignal,
): Promise<void> => {
  const ask = (): Promise<void> => deps.hypervisor.removeCheckpoint(vmId, checkpointId, signal);
  await throughConflicts(deps, { what: `checkpoint ${checkpointId}`, deadlineMs: 60_000 }, ask, signal);
  const gone = async (): Promise<true | undefined> => {
    const rows = await deps.hypervisor.listCheckpoints(vmId, signal);
    return rows.some(({ id }) => id === checkpointId) ? undefined : true;
  };
  await waitFor(deps, { what: `checkpoint ${checkpointId} to be removed`, deadlineMs: 300_000 }, gone, signal);
};
