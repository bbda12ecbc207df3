import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { toNbdUri } from "@holdfast/shared/nbd/nbd-address";
import { openNbd } from "@holdfast/shared/nbd/connection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { finishBackup, finishTransfer, openTransfer, readyBackup } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const mib = 2 ** 20;
const size = 16 * mib;

let lab: Lab;
let api: ApiClient;
let images: ImageClient;

beforeAll(async () => {
  const disks = [
    { alias: "cow", size, fill: { seed: 1, bytes: 4 * mib } },
    { alias: "raw", size: 2 * mib, format: "raw" as const, fill: { seed: 2 } },
  ];
  lab = await startLab(
    smallConfig({
      vms: [
        { name: "hybrid", cluster: "hybrid", status: "up", disks },
        { name: "live", cluster: "live", status: "up", disks },
        { name: "cold", cluster: "live", status: "down", disks },
      ],
    }),
  );
  api = await loggedIn(lab);
  images = new ImageClient(lab);
});

afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const vmNamed = async (name: string): Promise<LabVm> => {
  const vm = (await lab.control.listVms()).find((one) => one.name === name);
  if (vm === undefined) throw new Error(`no VM ${name}`);
  return vm;
};

const disk = (vm: LabVm, alias: string): LabVm["disks"][number] => {
  const found = vm.disks.find((one) => one.alias === alias);
  if (found === undefined) throw new Error(`no disk ${alias}`);
  return found;
};

/** The guest writes, if need be by running for a moment. */
const guestWrites = async (vm: LabVm, diskId: string, offset: number, byte: number): Promise<void> => {
  const wasDown = vm.status === "down";
  if (wasDown) await lab.control.startVm(vm.id);
  const address = (await lab.control.guestDisks(vm.id)).find((one) => one.diskId === diskId);
  if (address === undefined) throw new Error("the guest does not run");
  expect(address.uri).toBe(toNbdUri(address));
  {
    await using connection = await openNbd(address);
    await connection.write(Buffer.alloc(65_536, byte), offset);
    await connection.flush();
  }
  if (wasDown) await lab.control.stopVm(vm.id);
};

describe.each(["hybrid", "live", "cold"])("a %s capture", (name) => {
  test("is full at first, then an increment of exactly what the guest changed, frozen at ready", async () => {
    const vm = await vmNamed(name);
    const [cow, raw] = [disk(vm, "cow"), disk(vm, "raw")];
    const first = await readyBackup(api, vm.id, [cow.id, raw.id], { description: "one" });
    expect(first.to_checkpoint_id).toBeDefined();
    expect("snapshot" in first).toBe(name === "hybrid");
    const modes = (await api.get(`/vms/${vm.id}/backups/${first.id}/disks`)).json.disk;
    expect(modes.map((one: { backup_mode: string }) => one.backup_mode)).toEqual(["full", "full"]);
    const ended = await finishBackup(api, vm.id, first.id);
    expect(ended.to_checkpoint_id).toBe(first.to_checkpoint_id);
    expect((await api.get(`/vms/${vm.id}/backups/${first.id}/disks`)).json.disk[0]).not.toHaveProperty("backup_mode");
    expect((await api.get(`/vms/${vm.id}/checkpoints`)).json.checkpoint.at(-1)).toMatchObject({
      state: "created",
      description: "one",
    });

    await guestWrites(vm, cow.id, 8 * mib, 0xaa);
    const directory = join(lab.directory, `ref-${name}`);
    await lab.control.copyAtReady(vm.id, directory);
    const second = await readyBackup(api, vm.id, [cow.id, raw.id], { from_checkpoint_id: first.to_checkpoint_id });
    expect((await stat(join(directory, `${cow.id}.raw`))).size).toBe(size);
    const secondModes = (await api.get(`/vms/${vm.id}/backups/${second.id}/disks`)).json.disk;
    expect(secondModes.map((one: { backup_mode: string }) => one.backup_mode)).toEqual(["incremental", "full"]);
    if (name !== "cold") await guestWrites(vm, cow.id, 2 * mib, 0xbb);

    const transfer = await openTransfer(api, {
      disk: { id: cow.id },
      backup: { id: second.id },
      direction: "download",
    });
    const dirty = (await images.extents(transfer.transfer_url, "dirty")).filter((extent) => extent.dirty);
    expect(dirty).toMatchObject([{ start: 8 * mib, length: 65_536, zero: false }]);
    const early = await api.post(`/vms/${vm.id}/backups/${second.id}/finalize`);
    expect(early).toMatchObject({
      status: 409,
      json: { detail: "[Cannot stop VM backup. There is an active image transfer for VM backup]" },
    });
    const read = await images.get(transfer.proxy_url);
    expect(read.body.equals(await readFile(join(directory, `${cow.id}.raw`)))).toBe(true);
    expect(read.body.readUInt8(8 * mib)).toBe(0xaa);

    await finishTransfer(api, transfer.id);
    await finishBackup(api, vm.id, second.id);
    const served = (await lab.control.counters()).tickets.find((one) => one.transferId === transfer.id);
    expect(served).toMatchObject({ bytesRead: size, diskId: cow.id, backupId: second.id });
  });

  test("of an older checkpoint is the union of what came after it", async () => {
    const vm = await vmNamed(name);
    const cow = disk(vm, "cow");
    const [oldest] = (await api.get(`/vms/${vm.id}/checkpoints`)).json.checkpoint;
    await guestWrites(vm, cow.id, 12 * mib, 0xcc);
    const backup = await readyBackup(api, vm.id, [cow.id], { from_checkpoint_id: oldest.id });
    const transfer = await openTransfer(api, {
      disk: { id: cow.id },
      backup: { id: backup.id },
      direction: "download",
    });
    const starts = (await images.extents(transfer.transfer_url, "dirty"))
      .filter((one) => one.dirty)
      .map((one) => one.start / mib);
    expect(starts).toEqual(name === "cold" ? [8, 12] : [2, 8, 12]);
    await finishTransfer(api, transfer.id);
    await finishBackup(api, vm.id, backup.id);
  });

  test("leaves nothing behind but its checkpoints, which can be removed one by one", async () => {
    const vm = await vmNamed(name);
    const { checkpoint: checkpoints } = (await api.get(`/vms/${vm.id}/checkpoints`)).json;
    expect(checkpoints).toHaveLength(3);
    expect(checkpoints[1].parent_id).toBe(checkpoints[0].id);
    for (const { id } of checkpoints) {
      expect((await api.delete(`/vms/${vm.id}/checkpoints/${id}`)).status).toBe(200);
      await api.until(`/vms/${vm.id}/checkpoints/${id}`, ({ status }) => status === 404);
    }
    const left = await lab.control.leftovers();
    expect(left).toMatchObject({
      snapshots: [],
      backups: [],
      transfers: [],
      tickets: 0,
      strayVolumes: [],
      exportProcesses: [],
    });
    expect(left.strayBitmaps.filter((one) => one.diskId === disk(vm, "cow").id)).toEqual([]);
  });
});

test("while a hybrid backup runs the VM may stop and start, and a cold one blocks the start", async () => {
  const hybrid = await vmNamed("hybrid");
  const first = await readyBackup(api, hybrid.id, [disk(hybrid, "cow").id]);
  expect(
    (await api.post(`/vms/${hybrid.id}/snapshots`, { description: "x", persist_memorystate: "false" })).status,
  ).toBe(409);
  expect((await api.post(`/vms/${hybrid.id}/stop`)).status).toBe(200);
  await api.until(`/vms/${hybrid.id}`, ({ json }) => json.status === "down");
  await lab.control.startVm(hybrid.id);
  await finishBackup(api, hybrid.id, first.id);

  const cold = await vmNamed("cold");
  const second = await readyBackup(api, cold.id, [disk(cold, "cow").id]);
  const refused = await api.post(`/vms/${cold.id}/start`);
  expect(refused).toMatchObject({
    status: 409,
    json: { detail: "[Cannot run VM. The VM is during a backup operation.]" },
  });
  expect((await api.get(`/disks/${disk(cold, "cow").id}`)).json.status).toBe("locked");
  await finishBackup(api, cold.id, second.id);
  expect((await api.get(`/disks/${disk(cold, "cow").id}`)).json.status).toBe("ok");
});
