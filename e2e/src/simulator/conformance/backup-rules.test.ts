import { afterAll, beforeAll, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { finishBackup, readyBackup } from "../testing/capture.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const disks = [{ alias: "d", size: "2MiB" }];
const unknown = "11111111-1111-4111-8111-111111111111";

let lab: Lab;
let api: ApiClient;
let vms: Readonly<Record<string, LabVm>>;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      clusters: [
        { name: "hybrid", version: "4.7" },
        { name: "live", version: "4.6" },
        { name: "old", version: "4.4" },
      ],
      hosts: [
        { name: "h1", cluster: "hybrid" },
        { name: "h2", cluster: "live" },
        { name: "h3", cluster: "old" },
      ],
      vms: [
        { name: "hybrid", cluster: "hybrid", disks },
        { name: "live", cluster: "live", status: "up", disks },
        {
          name: "cold",
          cluster: "live",
          disks: [
            ...disks,
            { alias: "off", size: "1MiB", active: false },
            { alias: "shared", size: "1MiB", shareable: true, format: "raw" },
          ],
        },
        { name: "old", cluster: "old", status: "up", disks },
        { name: "oldcold", cluster: "old", disks },
        { name: "engine", cluster: "hybrid", origin: "managed_hosted_engine", disks },
      ],
    }),
  );
  api = await loggedIn(lab);
  vms = Object.fromEntries((await lab.control.listVms()).map((vm) => [vm.name, vm]));
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const vm = (name: string): LabVm => {
  const found = vms[name];
  if (found === undefined) throw new Error(`no VM ${name}`);
  return found;
};

const diskId = (name: string, alias = "d"): string => vm(name).disks.find((one) => one.alias === alias)?.id ?? "";

const start = async (name: string, changes: Tree = {}): Promise<{ status: number; detail: string; id: string }> => {
  const { query = "", ...body } = changes;
  const reply = await api.post(`/vms/${vm(name).id}/backups${query}`, {
    disks: { disk: [{ id: diskId(name) }] },
    ...body,
  });
  return { status: reply.status, detail: reply.json?.detail, id: reply.json?.id };
};

test("an own id makes a repeat collide", async () => {
  const id = "22222222-2222-4222-8222-222222222222";
  await readyBackup(api, vm("cold").id, [diskId("cold")], { id });
  const again = await start("cold", { id });
  expect(again).toMatchObject({
    status: 400,
    detail: `[Cannot backup VM. The specified VM backup ID ${id} already exists]`,
  });
  expect((await start("cold")).detail).toBe("[Cannot backup VM. The VM is during a backup operation.]");
  await finishBackup(api, vm("cold").id, id);
});

test("finalizing twice is refused with the text that clients look for", async () => {
  const { id } = await readyBackup(api, vm("cold").id, [diskId("cold")]);
  await finishBackup(api, vm("cold").id, id);
  const reply = await api.post(`/vms/${vm("cold").id}/backups/${id}/finalize`);
  expect(reply.status).toBe(400);
  expect(reply.json.detail).toContain("no need to stop the backup again");
});

test("a checkpoint is shown from ready on only, and not at all where the level has none", async () => {
  const reply = await api.post(`/vms/${vm("live").id}/backups`, { disks: { disk: [{ id: diskId("live") }] } });
  expect(reply.json).toMatchObject({ phase: "initializing" });
  expect(reply.json).not.toHaveProperty("to_checkpoint_id");
  const ready = await api.untilPhase(`/vms/${vm("live").id}/backups/${reply.json.id}`, "ready");
  expect(ready.to_checkpoint_id).toMatch(/-/);
  await finishBackup(api, vm("live").id, reply.json.id);
  const old = await readyBackup(api, vm("old").id, [diskId("old")]);
  expect(old).not.toHaveProperty("to_checkpoint_id");
  await finishBackup(api, vm("old").id, old.id);
});

test("old levels know neither increments nor cold backups", async () => {
  expect(await start("old", { from_checkpoint_id: unknown })).toMatchObject({
    status: 400,
    detail: "[Cannot backup VM. Incremental backup is not supported.]",
  });
  expect(await start("oldcold")).toMatchObject({
    status: 409,
    detail: "[Cannot backup VM. Bitmaps operations are not supported.]",
  });
});

test("an unknown checkpoint is a bad request", async () => {
  expect(await start("live", { from_checkpoint_id: unknown })).toMatchObject({
    status: 400,
    detail: `[Cannot backup VM. Checkpoint ID ${unknown} doesn't exist.]`,
  });
});

test("disks: unknown ones and none are bad requests, inactive ones conflict, shareable ones are dropped without a word", async () => {
  const backup = (ids: readonly string[]) => start("cold", { disks: { disk: ids.map((id) => ({ id })) } });
  expect(await backup([unknown])).toMatchObject({ status: 400 });
  expect(await backup([])).toMatchObject({ status: 400 });
  expect(await backup([diskId("cold", "off")])).toMatchObject({
    status: 409,
    detail: `[Cannot backup VM. The following disks are not active on VM cold: ${diskId("cold", "off")}]`,
  });
  const { id } = await readyBackup(api, vm("cold").id, [diskId("cold"), diskId("cold", "shared")]);
  expect((await api.get(`/vms/${vm("cold").id}/backups/${id}/disks`)).json.disk).toHaveLength(1);
  await finishBackup(api, vm("cold").id, id);
});

test("the Manager's own VM and a VM with a previewed snapshot are not backed up", async () => {
  expect((await start("engine")).status).toBe(409);
  await lab.control.setVm(vm("hybrid").id, { previewing: true });
  expect((await start("hybrid")).detail).toBe("[Cannot backup VM. VM is previewing a Snapshot.]");
  await lab.control.setVm(vm("hybrid").id, { previewing: false });
});

test("legacy=true is the opt-out of hybrid; use_active is ignored", async () => {
  const legacy = await readyBackup(api, vm("hybrid").id, [diskId("hybrid")], { query: "?legacy=true" });
  expect(legacy).not.toHaveProperty("snapshot");
  await finishBackup(api, vm("hybrid").id, legacy.id);
  const hybrid = await readyBackup(api, vm("hybrid").id, [diskId("hybrid")], { query: "?use_active=true" });
  expect(hybrid).toHaveProperty("snapshot");
  await finishBackup(api, vm("hybrid").id, hybrid.id);
});

test.each(["live", "hybrid", "cold"])(
  "finalize before ready makes a %s backup fail, and its checkpoint is gone with its bitmap",
  async (name) => {
    const { id } = await start(name);
    const path = `/vms/${vm(name).id}/backups/${id}`;
    const reply = await api.post(`${path}/finalize`);
    expect(reply.status).toBe(400);
    expect(reply.json.detail).toContain("premature backup stop was initiated");
    await api.untilPhase(path, "failed");
    const { strayBitmaps } = await lab.control.leftovers();
    expect(strayBitmaps.filter((one) => one.diskId === diskId(name))).toEqual([]);
  },
);

test("a capture may fail after its call was answered", async () => {
  for (const name of ["live", "hybrid"]) {
    const before = (await api.get(`/vms/${vm(name).id}/checkpoints`)).json.checkpoint?.length ?? 0;
    await lab.control.failCapture(vm(name).id);
    const { id } = await start(name);
    await api.untilPhase(`/vms/${vm(name).id}/backups/${id}`, "failed");
    expect((await api.get(`/vms/${vm(name).id}/checkpoints`)).json.checkpoint?.length ?? 0).toBe(before);
    expect((await api.get(`/vms/${vm(name).id}/snapshots`)).json.snapshot).toHaveLength(1);
  }
});

test("require_consistency fails a live backup whose guest cannot be frozen", async () => {
  await lab.control.setVm(vm("live").id, { guestAgent: false });
  const lenient = await readyBackup(api, vm("live").id, [diskId("live")]);
  await finishBackup(api, vm("live").id, lenient.id);
  const { id } = await start("live", { query: "?require_consistency=true" });
  const failed = await api.untilPhase(`/vms/${vm("live").id}/backups/${id}`, "failed");
  expect(failed).not.toHaveProperty("to_checkpoint_id");
  await lab.control.setVm(vm("live").id, { guestAgent: true });
});

test("a live backup blocks stop and checkpoint removal unless forced; with force its reads end", async () => {
  const { id, to_checkpoint_id: checkpoint } = await readyBackup(api, vm("live").id, [diskId("live")]);
  expect((await api.post(`/vms/${vm("live").id}/stop`)).json.detail).toBe(
    "[Cannot stop VM. The VM is during a backup operation.]",
  );
  expect((await api.delete(`/vms/${vm("live").id}/checkpoints/${checkpoint}`)).status).toBe(409);
  expect((await api.post(`/vms/${vm("live").id}/stop`, { force: "true" })).status).toBe(200);
  await api.until(`/vms/${vm("live").id}`, ({ json }) => json.status === "down");
  await finishBackup(api, vm("live").id, id);
  await lab.control.startVm(vm("live").id);
});

test("a live increment from an unsound bitmap fails and takes every checkpoint with it", async () => {
  const { id, to_checkpoint_id: checkpoint } = await readyBackup(api, vm("live").id, [diskId("live")]);
  await finishBackup(api, vm("live").id, id);
  await lab.control.spoilCheckpoint(vm("live").id, checkpoint, "missing");
  const { id: next } = await start("live", { from_checkpoint_id: checkpoint });
  await api.untilPhase(`/vms/${vm("live").id}/backups/${next}`, "failed");
  expect((await api.get(`/vms/${vm("live").id}/checkpoints`)).json).toEqual({});
  expect((await api.get(`/events?search=${next}`)).json.event.map((one: { code: string }) => one.code)).toContain(
    "10791",
  );
  const full = await readyBackup(api, vm("live").id, [diskId("live")]);
  await finishBackup(api, vm("live").id, full.id);
});

test("a cold increment from a missing bitmap starts, and its transfer fails", async () => {
  const { id, to_checkpoint_id: checkpoint } = await readyBackup(api, vm("cold").id, [diskId("cold")]);
  await finishBackup(api, vm("cold").id, id);
  await lab.control.spoilCheckpoint(vm("cold").id, checkpoint, "missing");
  const backup = await readyBackup(api, vm("cold").id, [diskId("cold")], { from_checkpoint_id: checkpoint });
  const transfer = await api.post("/imagetransfers", {
    disk: { id: diskId("cold") },
    backup: { id: backup.id },
    direction: "download",
    format: "raw",
  });
  await api.untilPhase(`/imagetransfers/${transfer.json.id}`, "finished_failure");
  expect((await api.get(`/vms/${vm("cold").id}/backups/${backup.id}`)).json.phase).toBe("ready");
  await finishBackup(api, vm("cold").id, backup.id);
});

test("a hybrid merge that fails still says succeeded, leaves the snapshot and an event, and can be cleaned", async () => {
  await lab.control.leaveSnapshot(vm("hybrid").id);
  const { id, snapshot } = await readyBackup(api, vm("hybrid").id, [diskId("hybrid")], { description: "mine" });
  await finishBackup(api, vm("hybrid").id, id);
  const [left] = (await lab.control.leftovers()).snapshots;
  expect(left).toMatchObject({
    id: snapshot.id,
    description: "Auto-generated for Backup VM",
    byBackup: true,
    madeBy: "admin@internal",
  });
  expect((await api.get(`/events?search=${id}`)).json.event.map((one: { code: string }) => one.code)).toContain(
    "10813",
  );
  expect((await api.delete(`/vms/${vm("hybrid").id}/snapshots/${snapshot.id}`)).status).toBe(200);
  await api.until(`/vms/${vm("hybrid").id}/snapshots/${snapshot.id}`, ({ status }) => status === 404);
  expect((await lab.control.leftovers()).strayVolumes).toEqual([]);
});
