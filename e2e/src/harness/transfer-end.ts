import { readFile } from "node:fs/promises";
import { ApiClient } from "../simulator/testing/api-client.ts";
import { type Lab, labUser } from "./lab.ts";
import { until } from "./until.ts";

/** An administrator of the engine, beside Holdfast. */
const asAdmin = async <Result>(lab: Lab, work: (client: ApiClient) => Promise<Result>): Promise<Result> => {
  const { addresses } = lab;
  await using client = new ApiClient({ addresses, apiCa: await readFile(addresses.apiCaFile, "utf8") });
  await client.login(labUser.name, labUser.password);
  return await work(client);
};

interface Row {
  readonly id: string;
  readonly phase: string;
  readonly image?: { readonly id: string };
}

const cancelAll = async (client: ApiClient, diskId: string): Promise<number> => {
  const rows: readonly Row[] = (await client.get("/imagetransfers")).json.image_transfer ?? [];
  const ours = rows.filter(({ phase, image }) => phase === "transferring" && image?.id === diskId);
  for (const { id } of ours) await client.post(`/imagetransfers/${id}/cancel`);
  return ours.length;
};

/** Has an administrator cancel every transfer of a disk; answers how many. */
export const cancelTransfersOf = (lab: Lab, diskId: string): Promise<number> =>
  asAdmin(lab, (client) => cancelAll(client, diskId));

/** Has an administrator end the backup of a VM under its transfers, whatever is opened meanwhile. */
export const endBackupOf = (lab: Lab, vmId: string, diskId: string): Promise<void> =>
  asAdmin(lab, async (client) => {
    const rows: readonly Row[] = (await client.get(`/vms/${vmId}/backups`)).json.backup ?? [];
    const open = rows.find(({ phase }) => phase === "ready");
    if (open === undefined) throw new Error(`VM ${vmId} has no backup that is ready`);
    await until("the backup to be ended", async () => {
      await cancelAll(client, diskId);
      return (await client.post(`/vms/${vmId}/backups/${open.id}/finalize`)).status === 200;
    });
  });
