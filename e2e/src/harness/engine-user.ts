import { readFile } from "node:fs/promises";
import { ApiClient } from "../simulator/testing/api-client.ts";
import { finishBackup, readyBackup } from "../simulator/testing/capture.ts";
import { type Lab, labUser } from "./lab.ts";

/** Another product that uses the engine's API beside Holdfast. */
export interface EngineUser extends AsyncDisposable {
  /** Makes a backup of a VM from its start to its end; answers the checkpoint that it left. */
  readonly backUp: (vmId: string, diskIds: readonly string[], description: string) => Promise<string>;
}

/** Logs in. */
export const openEngineUser = async (lab: Lab): Promise<EngineUser> => {
  const { addresses } = lab;
  const client = new ApiClient({ addresses, apiCa: await readFile(addresses.apiCaFile, "utf8") });
  await client.login(labUser.name, labUser.password);
  return {
    backUp: async (vmId, diskIds, description) => {
      const { id, to_checkpoint_id: checkpointId } = await readyBackup(client, vmId, diskIds, { description });
      await finishBackup(client, vmId, id);
      return checkpointId;
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};
