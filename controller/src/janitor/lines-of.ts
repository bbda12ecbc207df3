import { markOf } from "../hypervisor/marks.ts";
import type { CleaningAction } from "./cleaning-actions.ts";

/** Actions of which each waits for the one before it. */
export type CleaningLine = readonly CleaningAction[];

/**
 * Puts a plan into lines that need not wait for each other, so that one VM whose merge takes hours, or fails, does not stop
 * the others: what an attempt left stays in its order. Checkpoints come when all else of the plan was tried, by their VMs.
 */
export const linesOf = (actions: readonly CleaningAction[]): readonly (readonly CleaningLine[])[] => {
  const isCheckpoint = (action: CleaningAction): boolean => action.kind === "remove-checkpoint";
  const byOwner = Map.groupBy(
    actions.filter((action) => !isCheckpoint(action)),
    ({ owner }) => markOf(owner),
  );
  const byVm = Map.groupBy(actions.filter(isCheckpoint), (action) => ("vmId" in action ? action.vmId : ""));
  return [[...byOwner.values()], [...byVm.values()]];
};
