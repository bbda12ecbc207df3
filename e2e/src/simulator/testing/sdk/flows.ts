import type { ImageClient } from "../image-client.ts";
import type { FlowClient, Seen } from "./exchange.ts";

/** What a flow works with: one client, its images, and a place that keeps an exchange as golden under a name. */
export interface Flow {
  readonly client: FlowClient;
  readonly images: ImageClient;
  /** Keeps the last exchange of the client. */
  readonly keep: (name: string) => Promise<void>;
  /** Keeps what was answered by single sign-on or imageio, which speak JSON alone. */
  readonly keepJson: (name: string, text: string) => Promise<void>;
}

/** As SDK programs wait: they look again until the phase is there, and give up after a minute. */
const until = async (
  { client }: Flow,
  path: string,
  root: string,
  isThere: (seen: Seen | undefined) => boolean,
): Promise<Seen | undefined> => {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const seen = await client.get(path, root);
    if (isThere(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${path} does not get on: ${seen?.text("phase") ?? "gone"}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const untilPhase = async (flow: Flow, path: string, root: string, phase: string): Promise<Seen> => {
  const seen = await until(flow, path, root, (one) => {
    if (one?.text("phase")?.includes("fail") === true) throw new Error(`${path} failed`);
    return one?.text("phase") === phase;
  });
  if (seen === undefined) throw new Error(`${path} is gone`);
  return seen;
};

const present = (seen: Seen | undefined): Seen => {
  if (seen === undefined) throw new Error("the entity is not there");
  return seen;
};

/** A disk as an earlier GET told it: SDK programs hand such a whole disk on instead of its id. */
const wholeDisk = (disk: Seen): Record<string, unknown> => ({
  id: disk.id,
  href: `/ovirt-engine/api/disks/${disk.id}`,
  permissions: {},
  statistics: {},
  ...Object.fromEntries(
    [
      "actual_size",
      "alias",
      "format",
      "image_id",
      "name",
      "provisioned_size",
      "sparse",
      "status",
      "total_size",
    ].flatMap((name) => (disk.text(name) === undefined ? [] : [[name, disk.text(name)]])),
  ),
});

const openTransfer = async (flow: Flow, name: string, tree: unknown): Promise<Seen> => {
  const { id } = await flow.client.add("/imagetransfers", "image_transfer", tree);
  await flow.keep(`${name}-start`);
  const transfer = await untilPhase(flow, `/imagetransfers/${id}`, "image_transfer", "transferring");
  await flow.keep(`${name}-transferring`);
  present(await flow.client.get(`/hosts/${transfer.text("host.id") ?? ""}`, "host"));
  await flow.keep("host");
  return transfer;
};

const endTransfer = async (flow: Flow, name: string, { id }: Seen): Promise<void> => {
  await flow.client.act(`/imagetransfers/${id}/finalize`);
  await flow.keep(`${name}-finalize`);
  await untilPhase(flow, `/imagetransfers/${id}`, "image_transfer", "finished_success");
  await flow.keep(`${name}-finished`);
};

const readWhole = async (
  { images, keepJson }: Flow,
  name: string,
  transfer: Seen,
  context: "zero" | "dirty",
): Promise<Buffer> => {
  const url = transfer.text("transfer_url") ?? "";
  await keepJson(`imageio/${name}-options`, await images.options(url));
  const extents = await images.extents(url, context);
  await keepJson(`imageio/${name}-extents-${context}`, JSON.stringify(extents));
  const size = extents.reduce((sum, { length }) => sum + length, 0);
  const { status, body } = await images.get(url, { range: `bytes=0-${size - 1}` });
  if (status !== 206 || body.length !== size) throw new Error(`read ${status} with ${body.length} of ${size} bytes`);
  return body;
};

/** The disks of a VM, each read by itself, as a program does that backs up all of them. */
const disksOfVm = async (flow: Flow, vmId: string): Promise<readonly Seen[]> => {
  const attachments = present(await flow.client.get(`/vms/${vmId}/diskattachments`, "disk_attachments"));
  await flow.keep("disk-attachments");
  const disks: Seen[] = [];
  for (const attachment of attachments.items()) {
    disks.push(present(await flow.client.get(`/disks/${attachment.text("disk.id") ?? ""}`, "disk")));
    await flow.keep("disk");
  }
  return disks;
};

/** Connects, tests the connection by the API's root, and finds a VM with its configuration. */
export const findVm = async (flow: Flow, name: string): Promise<string> => {
  await flow.keepJson("sso/token", await flow.client.login());
  present(await flow.client.get("", "api"));
  await flow.keep("api");
  const found = present(await flow.client.get(`/vms?search=name%3D${name}&all_content=true`, "vms"));
  const [vm] = found.items();
  await flow.keep("vms");
  if (vm?.text("initialization.configuration.data")?.includes("ovf:Envelope") !== true)
    throw new Error("no configuration");
  present(await flow.client.get(`/vms/${vm.id}`, "vm"));
  await flow.keep("vm");
  return vm.id;
};

/** A full backup, or with a checkpoint an increment since that; answers the new checkpoint and the bytes of each disk. */
export const backUp = async (
  flow: Flow,
  name: string,
  vmId: string,
  fromCheckpointId?: string,
): Promise<{ readonly checkpointId: string; readonly bytes: readonly Buffer[] }> => {
  const path = `/vms/${vmId}/backups`;
  const disks = await disksOfVm(flow, vmId);
  const started = await flow.client.add(path, "backup", {
    description: name,
    disks: { disk: disks.map(wholeDisk) },
    from_checkpoint_id: fromCheckpointId,
  });
  await flow.keep(`${name}-start`);
  const backup = await untilPhase(flow, `${path}/${started.id}`, "backup", "ready");
  await flow.keep(`${name}-ready`);
  const taken = present(await flow.client.get(`${path}/${backup.id}/disks`, "disks"));
  await flow.keep(`${name}-disks`);
  const bytes: Buffer[] = [];
  for (const { id } of taken.items()) {
    // The mode is read from the disk itself.
    const mode = present(await flow.client.get(`/disks/${id}`, "disk")).text("backup_mode");
    if (mode !== (fromCheckpointId === undefined ? "full" : "incremental")) throw new Error(`mode ${mode ?? "none"}`);
    await flow.keep(`${name}-disk`);
    const transfer = await openTransfer(flow, `${name}-transfer`, {
      backup: { id: backup.id },
      direction: "download",
      disk: wholeDisk(present(disks.find((disk) => disk.id === id))),
      format: "raw",
      timeout_policy: "cancel",
    });
    bytes.push(await readWhole(flow, name, transfer, fromCheckpointId === undefined ? "zero" : "dirty"));
    await endTransfer(flow, `${name}-transfer`, transfer);
  }
  await flow.client.act(`${path}/${backup.id}/finalize`);
  await flow.keep(`${name}-finalize`);
  await untilPhase(flow, `${path}/${backup.id}`, "backup", "succeeded");
  await flow.keep(`${name}-succeeded`);
  return { checkpointId: backup.text("to_checkpoint_id") ?? "", bytes };
};

/** Lists checkpoints, removes the oldest and waits until it is not found; answers the ids of those that were listed. */
export const purgeCheckpoints = async (flow: Flow, vmId: string): Promise<readonly string[]> => {
  const path = `/vms/${vmId}/checkpoints`;
  const ids = present(await flow.client.get(path, "checkpoints"))
    .items()
    .map(({ id }) => id);
  await flow.keep("checkpoints");
  const [oldest = ""] = ids;
  present(await flow.client.get(`${path}/${oldest}`, "checkpoint"));
  await flow.keep("checkpoint");
  await flow.client.remove(`${path}/${oldest}`);
  await flow.keep("checkpoint-remove");
  await until(flow, `${path}/${oldest}`, "checkpoint", (one) => one === undefined);
  return ids;
};

/** Makes a disk in the storage domain of this name and writes it; answers its id. */
export const uploadDisk = async (flow: Flow, domain: string, bytes: Buffer): Promise<string> => {
  const { id } = await flow.client.add("/disks", "disk", {
    backup: "incremental",
    content_type: "data",
    description: "Uploaded disk",
    format: "cow",
    initial_size: bytes.length,
    name: "uploaded.qcow2",
    provisioned_size: bytes.length,
    sparse: true,
    storage_domains: { storage_domain: [{ name: domain }] },
  });
  await flow.keep("upload-disk");
  await until(flow, `/disks/${id}`, "disk", (disk) => disk?.text("status") === "ok");
  const transfer = await openTransfer(flow, "upload-transfer", {
    direction: "upload",
    disk: { id },
    format: "raw",
    inactivity_timeout: 120,
    timeout_policy: "cancel",
  });
  const status = await flow.images.put(transfer.text("transfer_url") ?? "", bytes, 0);
  if (status !== 200) throw new Error(`the upload answered ${status}`);
  await endTransfer(flow, "upload-transfer", transfer);
  return id;
};

/** Reads a disk that no VM uses, choosing a host as a program does that runs on one; answers its bytes. */
export const downloadDisk = async (flow: Flow, diskId: string): Promise<Buffer> => {
  const disk = present(await flow.client.get(`/disks/${diskId}`, "disk"));
  const domains = present(await flow.client.get("/storagedomains?search=name%3Ddata", "storage_domains"));
  await flow.keep("storage-domains");
  const [domain, ...others] = domains.items();
  if (others.length > 0) throw new Error("the domain is not found by its name");
  present(await flow.client.get(`/storagedomains/${present(domain).id}`, "storage_domain"));
  await flow.keep("storage-domain");
  const centers = present(
    await flow.client.get("/datacenters?search=storage.name%3Ddata&case_sensitive=true", "data_centers"),
  );
  await flow.keep("data-centers");
  const center = centers.items()[0]?.text("name") ?? "";
  const [any] = present(await flow.client.get("/hosts", "hosts")).items();
  const search = encodeURIComponent(`hw_id=${any?.id ?? ""} and datacenter=${center} and status=Up`);
  const [host] = present(await flow.client.get(`/hosts?search=${search}&case_sensitive=true`, "hosts")).items();
  await flow.keep("hosts");
  const transfer = await openTransfer(flow, "download-transfer", {
    direction: "download",
    disk: wholeDisk(disk),
    format: "raw",
    host: { id: present(host).id },
    timeout_policy: "legacy",
  });
  const bytes = await readWhole(flow, "download", transfer, "zero");
  await endTransfer(flow, "download-transfer", transfer);
  return bytes;
};

/** The checksum of a disk, by its transfer. */
export const checksumDisk = async (flow: Flow, diskId: string): Promise<string> => {
  const transfer = await openTransfer(flow, "checksum-transfer", {
    direction: "download",
    disk: { id: diskId },
    format: "raw",
  });
  const { body } = await flow.images.get(`${transfer.text("transfer_url") ?? ""}/checksum`);
  await flow.keepJson("imageio/checksum", body.toString());
  await endTransfer(flow, "checksum-transfer", transfer);
  return (JSON.parse(body.toString()) as { readonly checksum: string }).checksum;
};

/** A refusal, something that is not there, and what the events tell of a backup that failed before it was ready. */
export const meetRefusals = async (flow: Flow, vmId: string): Promise<void> => {
  const path = `/vms/${vmId}/backups`;
  const disks = { disk: (await disksOfVm(flow, vmId)).map(({ id }) => ({ id })) };
  const backup = await flow.client.add(path, "backup", { disks });
  const refused = await flow.client.refused(path, "backup", { disks });
  await flow.keep("fault");
  if (!refused.includes("The VM is during a backup operation.")) throw new Error(refused);
  await untilPhase(flow, `${path}/${backup.id}`, "backup", "ready");
  await flow.client.act(`${path}/${backup.id}/finalize`);
  await untilPhase(flow, `${path}/${backup.id}`, "backup", "succeeded");
  const events = present(await flow.client.get(`/events?search=${backup.id}`, "events")).items();
  await flow.keep("events");
  if (!events.some((event) => event.text("code") === "10790")) throw new Error("the start has no event");
  if ((await flow.client.get(`${path}/${vmId}`, "backup")) !== undefined) throw new Error("there is no such backup");
};
