import { finishBackup, readyBackup } from "../simulator/testing/capture.ts";
import { openAdministrator } from "./engine-view.ts";
import type { Lab } from "./lab.ts";

/** Another product that uses the engine's API beside Holdfast. */
export interface OtherProduct extends AsyncDisposable {
  /** Makes a backup of a VM from its start to its end; answers the checkpoint that it left. */
  readonly backUp: (vmId: string, diskIds: readonly string[], description: string) => Promise<string>;
}

/** Logs in. */
export const openOtherProduct = async (lab: Lab): Promise<OtherProduct> => {
  const client = await openAdministrator(lab);
  return {
    backUp: async (vmId, diskIds, description) => {
      const { id, to_checkpoint_id: checkpointId } = await readyBackup(client, vmId, diskIds, { description });
      await finishBackup(client, vmId, id);
      return checkpointId;
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};
