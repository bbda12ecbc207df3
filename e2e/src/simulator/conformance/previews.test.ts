import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { finishBackup, finishTransfer, openTransfer, readyBackup } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;
let images: ImageClient;
let vmId: string;
let diskId: string;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      delays: { pollMs: 30 },
      vms: [{ name: "v", cluster: "live", disks: [{ alias: "d", size: "1MiB", fill: { seed: 1 } }] }],
    }),
  );
  api = await loggedIn(lab);
  images = new ImageClient(lab);
  const [vm] = await lab.control.listVms();
  [vmId, diskId] = [vm?.id ?? "", vm?.disks[0]?.id ?? ""];
});

afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const read = async (name: string): Promise<Buffer> => {
  const path = join(lab.directory, `${name}.raw`);
  await lab.control.copyDisk(diskId, path);
  return readFile(path);
};

const overwrite = async (): Promise<void> => {
  const transfer = await openTransfer(api, { disk: { id: diskId }, direction: "upload" });
  expect(await images.put(transfer.transfer_url, randomBytes(65_536), 0)).toBe(200);
  await finishTransfer(api, transfer.id);
};

const snapshots = async (): Promise<readonly Tree[]> => (await api.get(`/vms/${vmId}/snapshots`)).json.snapshot;

const settled = async (): Promise<void> => {
  await api.until(`/vms/${vmId}/snapshots`, ({ json }) =>
    json.snapshot.every((one: Tree) => one.snapshot_status !== "locked"),
  );
};

const take = async (description: string): Promise<string> => {
  const body = { description, persist_memorystate: "false" };
  const { json } = await api.post(`/vms/${vmId}/snapshots`, body);
  await api.until(`/vms/${vmId}/snapshots/${json.id}`, (reply) => reply.json.snapshot_status === "ok");
  return json.id;
};

const act = async (path: string, body: Tree = {}): Promise<void> => {
  expect((await api.post(`/vms/${vmId}/${path}`, body)).status).toBe(200);
  await settled();
};

const makeCheckpoint = async (): Promise<void> => {
  const backup = await readyBackup(api, vmId, [diskId]);
  await finishBackup(api, vmId, backup.id);
  expect((await api.get(`/vms/${vmId}/checkpoints`)).json.checkpoint).toHaveLength(1);
};

test("a preview shows the disk of then; undone, all is as before but for the checkpoints, which are gone", async () => {
  const first = await read("first");
  const id = await take("one");
  await overwrite();
  const changed = await read("changed");
  expect(changed.equals(first)).toBe(false);
  await makeCheckpoint();
  await act("previewsnapshot", { snapshot: { id } });
  expect((await read("preview")).equals(first)).toBe(true);
  const rows = await snapshots();
  expect(rows.find((one) => one.id === id).snapshot_status).toBe("in_preview");
  expect(new Set(rows.map((one) => one.snapshot_type))).toEqual(new Set(["active", "preview", "regular"]));
  expect((await api.post(`/vms/${vmId}/backups`, { disks: { disk: [{ id: diskId }] } })).json.detail).toBe(
    "[Cannot backup VM. VM is previewing a Snapshot.]",
  );
  await act("undosnapshot");
  expect((await read("undone")).equals(changed)).toBe(true);
  expect((await api.get(`/vms/${vmId}/checkpoints`)).json).toEqual({});
  expect((await lab.control.leftovers()).strayVolumes).toEqual([]);
});

test("a preview can run, and committed it stays: newer snapshots and every checkpoint are gone", async () => {
  const [one] = (await snapshots()).filter(({ snapshot_type: type }) => type === "regular");
  await take("two");
  await overwrite();
  await makeCheckpoint();
  await act("previewsnapshot", { snapshot: { id: one.id } });
  await lab.control.startVm(vmId);
  expect((await api.post(`/vms/${vmId}/commitsnapshot`)).json.detail).toBe("[Cannot commit Snapshot. VM is not down.]");
  await lab.control.stopVm(vmId);
  const previewed = await read("running");
  await act("commitsnapshot");
  expect((await read("committed")).equals(previewed)).toBe(true);
  expect(new Set((await snapshots()).map(({ description }) => description))).toEqual(new Set(["Active VM", "one"]));
  expect((await api.get(`/vms/${vmId}/checkpoints`)).json).toEqual({});
  expect((await lab.control.leftovers()).strayVolumes).toEqual([]);
  expect((await api.post(`/vms/${vmId}/commitsnapshot`)).status).toBe(409);
});

test("a restore goes back at once", async () => {
  const before = await read("before");
  const id = await take("three");
  await overwrite();
  await makeCheckpoint();
  await act(`snapshots/${id}/restore`);
  expect((await read("restored")).equals(before)).toBe(true);
  expect((await api.get(`/vms/${vmId}/checkpoints`)).json).toEqual({});
  await api.delete(`/vms/${vmId}/snapshots/${id}`);
  await api.until(`/vms/${vmId}/snapshots/${id}`, ({ status }) => status === 404);
  expect((await read("merged")).equals(before)).toBe(true);
});
