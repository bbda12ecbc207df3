import type { ApiClient, Tree } from "./api-client.ts";

/** Starts a backup of some disks and waits for `ready`; answers the entity. */
export const readyBackup = async (
  api: ApiClient,
  vmId: string,
  diskIds: readonly string[],
  changes: Tree = {},
): Promise<Tree> => {
  const { query = "", ...body } = changes;
  const reply = await api.post(`/vms/${vmId}/backups${query}`, {
    disks: { disk: diskIds.map((id) => ({ id })) },
    ...body,
  });
  if (reply.status !== 201) throw new Error(`backup: ${reply.status} ${reply.text}`);
  return api.untilPhase(`/vms/${vmId}/backups/${reply.json.id}`, "ready");
};

/** Finalizes a backup and waits for `succeeded`. */
export const finishBackup = async (api: ApiClient, vmId: string, backupId: string): Promise<Tree> => {
  const reply = await api.post(`/vms/${vmId}/backups/${backupId}/finalize`);
  if (reply.status !== 200) throw new Error(`finalize: ${reply.status} ${reply.text}`);
  return api.untilPhase(`/vms/${vmId}/backups/${backupId}`, "succeeded");
};

/** Opens a transfer and waits for `transferring`; answers the entity with its URLs. */
export const openTransfer = async (api: ApiClient, body: Tree): Promise<Tree> => {
  const reply = await api.post("/imagetransfers", { format: "raw", ...body });
  if (reply.status !== 201) throw new Error(`transfer: ${reply.status} ${reply.text}`);
  return api.untilPhase(`/imagetransfers/${reply.json.id}`, "transferring");
};

/** Finalizes a transfer and waits for its end. */
export const finishTransfer = async (api: ApiClient, transferId: string): Promise<Tree> => {
  await api.post(`/imagetransfers/${transferId}/finalize`);
  return api.untilPhase(`/imagetransfers/${transferId}`, "finished_success");
};
