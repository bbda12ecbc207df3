import type { World } from "../model/world.ts";
import type { BlockFaults } from "../storage/block-layer.ts";
import type { EngineHooks } from "./engine-hooks.ts";

/** Makes the merge at the end of a hybrid capture fail, once, for the VMs that a test named. */
export const blockFaultsOf =
  (world: World, hooks: EngineHooks): BlockFaults =>
  (point, { captureId }) => {
    if (point !== "merge" || captureId === undefined) return undefined;
    const backup = world.backups.get(captureId);
    return backup !== undefined && hooks.leaveSnapshot.delete(backup.vmId)
      ? new Error("the merge was made to fail")
      : undefined;
  };
