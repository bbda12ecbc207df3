import type { ApiClient } from "../simulator/testing/api-client.ts";
import { openAdministrator } from "./engine-view.ts";
import type { Lab } from "./lab.ts";
import { until } from "./until.ts";

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
export const cancelTransfersOf = async (lab: Lab, diskId: string): Promise<number> => {
  await using client = await openAdministrator(lab);
  return await cancelAll(client, diskId);
};

/** Has an administrator end the backup of a VM under its transfers, whatever is opened meanwhile. */
export const endBackupOf = async (lab: Lab, vmId: string, diskId: string): Promise<void> => {
  await using client = await openAdministrator(lab);
  const rows: readonly Row[] = (await client.get(`/vms/${vmId}/backups`)).json.backup ?? [];
  const open = rows.find(({ phase }) => phase === "ready");
  if (open === undefined) throw new Error(`VM ${vmId} has no backup that is ready`);
  await until("the backup to be ended", async () => {
    await cancelAll(client, diskId);
    return (await client.post(`/vms/${vmId}/backups/${open.id}/finalize`)).status === 200;
  });
};
