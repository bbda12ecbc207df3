import type { CleaningAction } from "./cleaning-actions.ts";

/** What an action does to which object, in words that operators read. */
export interface DescribedAction {
  readonly what: string;
  readonly objectId: string;
  /** Empty where it is about no VM. */
  readonly vmId: string;
}

/** Says what an action does. */
export const describeAction = (action: CleaningAction): DescribedAction => {
  switch (action.kind) {
    case "fence":
      return { what: "fence attempt", objectId: action.owner.attemptId, vmId: "" };
    case "close-transfer":
      return { what: `end ${action.direction}`, objectId: action.transferId, vmId: "" };
    case "end-capture":
      return { what: "end backup", objectId: action.captureId, vmId: action.vmId };
    case "remove-snapshot":
      return { what: "remove snapshot", objectId: action.snapshotId, vmId: action.vmId };
    case "thaw-guest":
      return { what: "let the guest go on", objectId: action.vmId, vmId: action.vmId };
    case "remove-vm":
      return { what: "remove VM", objectId: action.vmId, vmId: action.vmId };
    case "remove-disk":
      return { what: "remove disk", objectId: action.diskId, vmId: "" };
    case "unmark-vm":
      return { what: "unmark VM", objectId: action.vmId, vmId: action.vmId };
    case "unmark-disk":
      return { what: "unmark disk", objectId: action.diskId, vmId: action.vmId ?? "" };
    case "remove-checkpoint":
      return { what: "remove checkpoint", objectId: action.checkpointId, vmId: action.vmId };
  }
};
