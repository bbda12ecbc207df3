import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, type Reply, type Tree, loggedIn } from "../testing/api-client.ts";
import { finishBackup, finishTransfer, openTransfer, readyBackup } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;
let images: ImageClient;
let up: LabVm;
let down: LabVm;

beforeAll(async () => {
  const disks = [{ alias: "d", size: "1MiB", fill: { seed: 1 } }];
  lab = await startLab(
    smallConfig({
      vms: [
        { name: "up", cluster: "live", status: "up", disks },
        { name: "down", cluster: "live", disks },
      ],
    }),
  );
  api = await loggedIn(lab);
  images = new ImageClient(lab);
  const [first, second] = await lab.control.listVms();
  if (first === undefined || second === undefined) throw new Error("VMs are missing");
  [up, down] = [first, second];
});

afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const diskOf = (vm: LabVm): string => vm.disks[0]?.id ?? "";
const take = (vm: LabVm, changes: Tree = {}): Promise<Reply> =>
  api.post(`/vms/${vm.id}/snapshots`, { description: "s", persist_memorystate: "false", ...changes });
const complete = async (vm: LabVm, id: string): Promise<void> => {
  await api.until(`/vms/${vm.id}/snapshots/${id}`, ({ json }) => json.snapshot_status === "ok");
};
const remove = async (vm: LabVm, id: string): Promise<void> => {
  expect((await api.delete(`/vms/${vm.id}/snapshots/${id}`)).status).toBe(200);
  await api.until(`/vms/${vm.id}/snapshots/${id}`, ({ status }) => status === 404);
};
const codesOf = async (vm: LabVm): Promise<readonly string[]> =>
  (await api.get(`/events?search=vm_name%3D${vm.name}`)).json.event.map(({ code }: Tree) => code);

test("a snapshot fixes the ids of the new volumes, and one that fails vanishes, which an event tells", async () => {
  const wanted = "aaaaaaaa-0000-4000-8000-000000000001";
  const attachments = { disk_attachment: [{ disk: { id: diskOf(down), image_id: wanted } }] };
  const first = await take(down, { disk_attachments: attachments });
  await complete(down, first.json.id);
  expect((await api.get(`/disks/${diskOf(down)}`)).json.image_id).toBe(wanted);
  const second = await take(down, { disk_attachments: attachments });
  expect(second.status).toBe(202);
  await api.until(`/vms/${down.id}/snapshots/${second.json.id}`, ({ status }) => status === 404);
  expect(await codesOf(down)).toEqual(expect.arrayContaining(["45", "68", "69"]));
  await remove(down, first.json.id);
});

test("a guest that cannot be frozen gets its snapshot all the same, with a warning", async () => {
  await lab.control.setVm(up.id, { guestAgent: false });
  const { json } = await take(up);
  await complete(up, json.id);
  expect(await codesOf(up)).toContain("10764");
  await lab.control.setVm(up.id, { guestAgent: true });
  await remove(up, json.id);
  expect(await codesOf(up)).toEqual(expect.arrayContaining(["342", "356"]));
});

test("what a client's snapshot froze can be copied as it was before the snapshot is shown as done", async () => {
  const directory = join(lab.directory, "frozen");
  await lab.control.copyAtReady(up.id, directory);
  const { json } = await take(up);
  await complete(up, json.id);
  const { disk } = (await api.get(`/vms/${up.id}/snapshots/${json.id}/disks`)).json;
  const transfer = await openTransfer(api, { snapshot: { id: disk[0].image_id }, direction: "download" });
  const { body } = await images.get(transfer.transfer_url);
  expect(body.equals(await readFile(join(directory, `${diskOf(up)}.raw`)))).toBe(true);
  await finishTransfer(api, transfer.id);
  await remove(up, json.id);
});

test("snapshots and backups stand in each other's way", async () => {
  const backup = await readyBackup(api, down.id, [diskOf(down)]);
  expect((await take(down)).json.detail).toBe("[Cannot create Snapshot. The VM is during a backup operation.]");
  await finishBackup(api, down.id, backup.id);
  const { json } = await take(down);
  await complete(down, json.id);
  const second = await readyBackup(api, down.id, [diskOf(down)]);
  expect((await api.delete(`/vms/${down.id}/snapshots/${json.id}`)).status).toBe(409);
  await finishBackup(api, down.id, second.id);
  await remove(down, json.id);
});

test("a snapshot of a locked disk is refused by the disk's name", async () => {
  const transfer = await openTransfer(api, { disk: { id: diskOf(down) }, direction: "download" });
  expect(await take(down)).toMatchObject({
    status: 409,
    json: {
      detail: "[Cannot create Snapshot. The following disks are locked: d. Please try again in a few minutes.]",
    },
  });
  await finishTransfer(api, transfer.id);
});

test("a shallow download of a layer tells as holes what only the layers below have", async () => {
  const { json } = await take(down);
  await complete(down, json.id);
  const upload = await openTransfer(api, { disk: { id: diskOf(down) } });
  await images.put(upload.transfer_url, Buffer.alloc(65_536, 5), 0);
  await finishTransfer(api, upload.id);
  const extentsOf = async (shallow: string): Promise<readonly Tree[]> => {
    const transfer = await openTransfer(api, { disk: { id: diskOf(down) }, direction: "download", shallow });
    const extents = await images.extents(transfer.transfer_url, "zero");
    await finishTransfer(api, transfer.id);
    return extents;
  };
  expect(await extentsOf("true")).toMatchObject([
    { start: 0, length: 65_536, hole: false },
    { start: 65_536, zero: true, hole: true },
  ]);
  const whole = (await extentsOf("false")).filter(({ start, length }) => start + length > 65_536);
  expect(whole).toContainEqual(expect.objectContaining({ zero: false, hole: false }));
  await remove(down, json.id);
});

test("what a backup is described by, its checkpoint is too", async () => {
  const backup = await readyBackup(api, down.id, [diskOf(down)], { description: "nightly 7" });
  await finishBackup(api, down.id, backup.id);
  const path = `/vms/${down.id}/checkpoints/${backup.to_checkpoint_id}`;
  expect((await api.get(path)).json).toMatchObject({ description: "nightly 7", state: "created" });
  expect((await api.get(`${path}/disks`)).json.disk.map(({ id }: Tree) => id)).toEqual([diskOf(down)]);
});

test("while a live backup runs nothing else is done to its VM, but for what is forced", async () => {
  const backup = await readyBackup(api, up.id, [diskOf(up)]);
  const during = "The VM is during a backup operation.]";
  for (const action of ["stop", "shutdown", "reboot", "suspend"]) {
    const { status, json } = await api.post(`/vms/${up.id}/${action}`);
    expect([status, json.detail], action).toEqual([409, expect.stringContaining(during)]);
  }
  const again = await api.post(`/vms/${up.id}/backups`, { disks: { disk: [{ id: diskOf(up) }] } });
  expect(again.json.detail).toBe(`[Cannot backup VM. ${during}`);
  expect((await api.delete(`/vms/${up.id}`)).json.detail).toBe(`[Cannot remove VM. ${during}`);
  expect((await api.delete(`/vms/${up.id}/checkpoints/${backup.to_checkpoint_id}`)).status).toBe(409);
  expect((await api.delete(`/vms/${up.id}/diskattachments/${diskOf(up)}`)).status).toBe(409);
  expect((await api.get(`/disks/${diskOf(up)}`)).json.status).toBe("locked");
  expect((await api.post(`/vms/${up.id}/reboot`, { force: "true" })).status).toBe(200);
  await api.until(`/vms/${up.id}`, ({ json }) => json.status === "up");
  await finishBackup(api, up.id, backup.id);
});
