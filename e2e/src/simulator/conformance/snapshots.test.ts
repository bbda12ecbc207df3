import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { openNbd } from "@holdfast/shared/nbd/connection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { finishBackup, finishTransfer, openTransfer, readyBackup } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const mib = 2 ** 20;

let lab: Lab;
let api: ApiClient;
let images: ImageClient;
let vms: readonly LabVm[];

beforeAll(async () => {
  const disks = [
    { alias: "cow", size: "2MiB", fill: { seed: 1 } },
    { alias: "raw", size: "1MiB", format: "raw" as const },
  ];
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
  vms = await lab.control.listVms();
});

afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const vmNamed = (name: string): LabVm => {
  const vm = vms.find((one) => one.name === name);
  if (vm === undefined) throw new Error(`no VM ${name}`);
  return vm;
};

const active = async (vmId: string): Promise<Tree> =>
  (await api.get(`/vms/${vmId}/snapshots`)).json.snapshot.find((one: Tree) => one.snapshot_type === "active");

const take = async (vmId: string, changes: Tree = {}): Promise<Tree> => {
  const reply = await api.post(`/vms/${vmId}/snapshots`, {
    description: "s",
    persist_memorystate: "false",
    ...changes,
  });
  expect(reply.status).toBe(202);
  expect(reply.json.snapshot_status).toBe("locked");
  return (await api.until(`/vms/${vmId}/snapshots/${reply.json.id}`, ({ json }) => json?.snapshot_status === "ok"))
    .json;
};

const remove = async (vmId: string, id: string): Promise<void> => {
  expect((await api.delete(`/vms/${vmId}/snapshots/${id}`)).status).toBe(200);
  await api.until(`/vms/${vmId}/snapshots/${id}`, ({ status }) => status === 404);
};

describe.each(["up", "down"])("a snapshot of a VM that is %s", (name) => {
  test("takes over the id of the active one, whose image changes, and is gone after its removal", async () => {
    const vm = vmNamed(name);
    const [before, imagesBefore] = [
      await active(vm.id),
      (await api.get(`/vms/${vm.id}/snapshots/${(await active(vm.id)).id}/disks`)).json.disk,
    ];
    const snapshot = await take(vm.id);
    expect(snapshot.id).toBe(before.id);
    expect((await active(vm.id)).id).not.toBe(before.id);
    const frozen = (await api.get(`/vms/${vm.id}/snapshots/${snapshot.id}/disks`)).json.disk;
    expect(frozen.map((one: Tree) => one.image_id)).toEqual(imagesBefore.map((one: Tree) => one.image_id));
    expect(frozen[0].snapshot.id).toBe(snapshot.id);
    const raw = vm.disks.find((one) => one.alias === "raw")?.id;
    expect((await api.get(`/disks/${raw}`)).json.format).toBe("cow");
    await remove(vm.id, snapshot.id);
    expect((await api.get(`/disks/${raw}`)).json).toMatchObject({ format: "raw", image_id: frozen[1].image_id });
    expect((await lab.control.leftovers()).strayVolumes).toEqual([]);
  });

  test("of a raw disk that has two is raw again, whichever of them goes first", async () => {
    const vm = vmNamed(name);
    const raw = vm.disks.find((one) => one.alias === "raw")?.id;
    for (const isOlderFirst of [true, false]) {
      const [older, newer] = [await take(vm.id), await take(vm.id)];
      for (const { id } of isOlderFirst ? [older, newer] : [newer, older]) await remove(vm.id, id);
      expect((await api.get(`/disks/${raw}`)).json.format).toBe("raw");
    }
  });

  test("carries the configuration, and its volumes can be downloaded by image id", async () => {
    const vm = vmNamed(name);
    const snapshot = await take(vm.id, { disk_attachments: { disk_attachment: [{ disk: { id: vm.disks[0]?.id } }] } });
    const full = await api.get(`/vms/${vm.id}/snapshots/${snapshot.id}`, { "all-content": "true" });
    expect(full.json.initialization.configuration.data).toContain(`<Name>${name}</Name>`);
    const { disk: frozen } = (await api.get(`/vms/${vm.id}/snapshots/${snapshot.id}/disks`)).json;
    expect(frozen).toHaveLength(1);
    const transfer = await openTransfer(api, { snapshot: { id: frozen[0].image_id }, direction: "download" });
    expect((await images.get(transfer.transfer_url)).body).toHaveLength(2 * mib);
    expect((await api.delete(`/vms/${vm.id}/snapshots/${snapshot.id}`)).status).toBe(409);
    await finishTransfer(api, transfer.id);
    await remove(vm.id, snapshot.id);
  });

  test("keeps change tracking alive through its creation and its removal", async () => {
    const vm = vmNamed(name);
    const [cow = ""] = vm.disks.map(({ id }) => id);
    const first = await readyBackup(api, vm.id, [cow]);
    await finishBackup(api, vm.id, first.id);
    const lower = await take(vm.id);
    const upper = await take(vm.id);
    if (name === "down") await lab.control.startVm(vm.id);
    const [guest] = await lab.control.guestDisks(vm.id);
    if (guest === undefined) throw new Error("no guest");
    {
      await using connection = await openNbd(guest);
      await connection.write(Buffer.alloc(65_536, 7), mib);
    }
    if (name === "down") await lab.control.stopVm(vm.id);
    await remove(vm.id, lower.id);
    await remove(vm.id, upper.id);
    const reference = join(lab.directory, name);
    await lab.control.copyAtReady(vm.id, reference);
    const second = await readyBackup(api, vm.id, [cow], { from_checkpoint_id: first.to_checkpoint_id });
    const transfer = await openTransfer(api, { disk: { id: cow }, backup: { id: second.id }, direction: "download" });
    expect((await images.extents(transfer.transfer_url, "dirty")).filter((one) => one.dirty)).toMatchObject([
      { start: mib, length: 65_536 },
    ]);
    expect((await readFile(join(reference, `${cow}.raw`))).readUInt8(mib)).toBe(7);
    await finishTransfer(api, transfer.id);
    await finishBackup(api, vm.id, second.id);
  });
});

test("the active snapshot cannot be removed, and a description is needed", async () => {
  const { id } = vmNamed("down");
  expect((await api.delete(`/vms/${id}/snapshots/${(await active(id)).id}`)).status).toBe(400);
  expect((await api.post(`/vms/${id}/snapshots`, {})).json.reason).toBe("Incomplete parameters");
});

test("memory is saved unless the client says otherwise; an empty list of disks takes the configuration only", async () => {
  const { id } = vmNamed("up");
  const forgetful = await take(id, { persist_memorystate: undefined });
  expect(forgetful.persist_memorystate).toBe("true");
  await remove(id, forgetful.id);
  const bare = await take(id, { disk_attachments: {} });
  expect((await api.get(`/vms/${id}/snapshots/${bare.id}/disks`)).json).toEqual({});
  await remove(id, bare.id);
});

test("a user's snapshot is told apart from those of API clients", async () => {
  const { id } = vmNamed("down");
  const made = await lab.control.addSnapshot(id, "the user's own");
  await api.until(`/vms/${id}/snapshots/${made}`, ({ json }) => json.snapshot_status === "ok");
  expect((await lab.control.leftovers()).snapshots).toMatchObject([
    { id: made, madeBy: "lab", description: "the user's own" },
  ]);
  const mine = await take(id);
  expect((await lab.control.leftovers()).snapshots.map((one) => one.madeBy)).toEqual(["lab", "admin@internal"]);
  await remove(id, made);
  await remove(id, mine.id);
});
