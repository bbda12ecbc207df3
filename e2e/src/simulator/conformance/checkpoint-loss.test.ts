import { afterAll, beforeAll, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { finishBackup, finishTransfer, openTransfer, readyBackup } from "../testing/capture.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;

beforeAll(async () => {
  lab = await startLab(smallConfig());
  api = await loggedIn(lab);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const addVm = (name: string, format: "qcow2" | "raw" = "qcow2", status: "up" | "down" = "down"): Promise<LabVm> =>
  lab.control.addVm({
    name,
    cluster: "live",
    status,
    disks: [{ alias: name, size: "1MiB", format, fill: { seed: 1 } }],
  });

const diskOf = (vm: LabVm): string => vm.disks[0]?.id ?? "";

const backUp = async (vm: LabVm, from?: string): Promise<Tree> => {
  const backup = await readyBackup(api, vm.id, [diskOf(vm)], from === undefined ? {} : { from_checkpoint_id: from });
  const [disk] = (await api.get(`/vms/${vm.id}/backups/${backup.id}/disks`)).json.disk;
  await finishBackup(api, vm.id, backup.id);
  return { checkpoint: backup.to_checkpoint_id, mode: disk.backup_mode };
};

const checkpointsOf = async (vm: LabVm): Promise<readonly Tree[]> =>
  (await api.get(`/vms/${vm.id}/checkpoints`)).json.checkpoint ?? [];

const takeAway = async (vm: LabVm, snapshot: string): Promise<void> => {
  await api.delete(`/vms/${vm.id}/snapshots/${snapshot}`);
  await api.until(`/vms/${vm.id}/snapshots/${snapshot}`, ({ status }) => status === 404);
};

const takeSnapshot = async (vm: LabVm): Promise<string> => {
  const body = { description: "s", persist_memorystate: "false" };
  const { json } = await api.post(`/vms/${vm.id}/snapshots`, body, { "x-ovirt-expect": "201-created" });
  return json.id;
};

test("after a power cut the next live increment fails, every checkpoint is gone, and an event says so", async () => {
  const vm = await addVm("cut", "qcow2", "up");
  const { checkpoint } = await backUp(vm);
  await lab.control.crashVm(vm.id);
  await lab.control.startVm(vm.id);
  const body = { from_checkpoint_id: checkpoint, disks: { disk: [{ id: diskOf(vm) }] } };
  const { json } = await api.post(`/vms/${vm.id}/backups`, body);
  await api.untilPhase(`/vms/${vm.id}/backups/${json.id}`, "failed");
  expect(await checkpointsOf(vm)).toEqual([]);
  const events = (await api.get(`/events?search=${json.id}`)).json.event;
  expect(events.map(({ code }: Tree) => code)).toContain("10791");
  expect((await backUp(vm)).mode).toBe("full");
});

test("a cold increment from a bitmap that a crash left unsound starts, and its transfer fails", async () => {
  const vm = await addVm("unsound");
  const { checkpoint } = await backUp(vm);
  await lab.control.spoilCheckpoint(vm.id, checkpoint, "inconsistent");
  const backup = await readyBackup(api, vm.id, [diskOf(vm)], { from_checkpoint_id: checkpoint });
  const body = { disk: { id: diskOf(vm) }, backup: { id: backup.id }, direction: "download", format: "raw" };
  const { json } = await api.post("/imagetransfers", body);
  await api.untilPhase(`/imagetransfers/${json.id}`, "finished_failure");
  expect((await api.get(`/vms/${vm.id}/backups/${backup.id}`)).json.phase).toBe("ready");
  await finishBackup(api, vm.id, backup.id);
});

test("a checkpoint that a broken deletion left invalid is refused by its text, and can be deleted", async () => {
  const vm = await addVm("invalid");
  const { checkpoint } = await backUp(vm);
  await lab.control.spoilCheckpoint(vm.id, checkpoint, "invalid");
  expect((await checkpointsOf(vm))[0].state).toBe("invalid");
  const body = { from_checkpoint_id: checkpoint, disks: { disk: [{ id: diskOf(vm) }] } };
  expect(await api.post(`/vms/${vm.id}/backups`, body)).toMatchObject({
    status: 400,
    json: { detail: `[Cannot backup VM. Checkpoint ID ${checkpoint} is invalid and should be removed.]` },
  });
  expect((await api.delete(`/vms/${vm.id}/checkpoints/${checkpoint}`)).status).toBe(200);
  await api.until(`/vms/${vm.id}/checkpoints/${checkpoint}`, ({ status }) => status === 404);
});

test("a raw disk is tracked only while a snapshot is on it", async () => {
  const vm = await addVm("rawbase", "raw");
  expect((await backUp(vm)).checkpoint).toBeUndefined();
  const snapshot = await takeSnapshot(vm);
  const { checkpoint } = await backUp(vm);
  const { mode, checkpoint: next } = await backUp(vm, checkpoint);
  expect(mode).toBe("incremental");
  await takeAway(vm, snapshot);
  expect((await backUp(vm, next)).mode).toBe("full");
});

test("a disk that was detached is read in full, though its checkpoint is there", async () => {
  const vm = await addVm("detached");
  const { checkpoint } = await backUp(vm);
  expect((await api.delete(`/vms/${vm.id}/diskattachments/${diskOf(vm)}`)).status).toBe(200);
  const attachment = { interface: "virtio_scsi", bootable: "true", active: "true", disk: { id: diskOf(vm) } };
  expect((await api.post(`/vms/${vm.id}/diskattachments`, attachment)).status).toBe(201);
  expect((await backUp(vm, checkpoint)).mode).toBe("full");
});

test("a disk converted to raw leaves its checkpoints, and converted back it is tracked anew", async () => {
  const vm = await addVm("converted");
  const { checkpoint } = await backUp(vm);
  const path = `/disks/${diskOf(vm)}`;
  const convert = async (format: string): Promise<Tree> => {
    expect((await api.post(`${path}/convert`, { disk: { format } })).status).toBe(200);
    return (await api.until(path, ({ json }) => json.status === "ok" && json.format === format)).json;
  };
  const before = (await api.get(path)).json;
  expect(await convert("raw")).toMatchObject({ backup: "none", sparse: "false" });
  expect((await api.get(`/vms/${vm.id}/checkpoints/${checkpoint}/disks`)).json).toEqual({});
  expect((await convert("cow")).image_id).not.toBe(before.image_id);
  expect((await backUp(vm, checkpoint)).mode).toBe("full");
  expect((await api.post(`${path}/convert`, { disk: { format: "cow" } })).status).toBe(400);
  expect((await lab.control.leftovers()).strayVolumes).toEqual([]);
});

test("a VM that was made from another's configuration has no checkpoints", async () => {
  const vm = await addVm("origin");
  await backUp(vm);
  const ovf = (await api.get(`/vms/${vm.id}?all_content=true`)).json.initialization.configuration.data;
  const made = await api.post("/vms", {
    name: "copy",
    cluster: { name: "live" },
    initialization: { regenerate_ids: "true", configuration: { type: "ovf", data: ovf } },
  });
  expect((await api.get(`/vms/${made.json.id}/checkpoints`)).json).toEqual({});
});

test("a transfer of a disk between two backups does not cost its checkpoints", async () => {
  const vm = await addVm("read");
  const { checkpoint } = await backUp(vm);
  const transfer = await openTransfer(api, { disk: { id: diskOf(vm) }, direction: "download" });
  await finishTransfer(api, transfer.id);
  expect((await backUp(vm, checkpoint)).mode).toBe("incremental");
});
