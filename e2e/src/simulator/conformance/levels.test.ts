import { afterAll, beforeAll, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, type Reply, loggedIn } from "../testing/api-client.ts";
import { openTransfer, readyBackup } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const levels = ["4.3", "4.4", "4.5", "4.6", "4.7", "4.8"];

let lab: Lab;
let api: ApiClient;
let vms: readonly LabVm[];

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      version: "4.4.6",
      clusters: [
        { name: "c", version: "4.6" },
        { name: "d", version: "4.6" },
      ],
      hosts: [
        { name: "h", cluster: "c" },
        { name: "old", cluster: "d", backups: false },
      ],
      vms: [
        ...levels.flatMap((compatibility) =>
          (["up", "down"] as const).map((status) => ({
            name: `${status}-${compatibility}`,
            compatibility,
            cluster: "c",
            status,
            disks: [{ alias: "d", size: "64KiB" }],
          })),
        ),
        { name: "up-old-host", cluster: "d", status: "up" as const, disks: [{ alias: "d", size: "64KiB" }] },
      ],
    }),
  );
  api = await loggedIn(lab);
  vms = await lab.control.listVms();
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const vm = (name: string): LabVm => {
  const found = vms.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no VM ${name}`);
  return found;
};
const diskOf = (name: string): string => vm(name).disks[0]?.id ?? "";
const start = (name: string, changes: object = {}): Promise<Reply> =>
  api.post(`/vms/${vm(name).id}/backups`, { disks: { disk: [{ id: diskOf(name) }] }, ...changes });

/** Ends a backup of an engine that keeps no rows of what is over. */
const finish = async (name: string, id: string): Promise<void> => {
  expect((await api.post(`/vms/${vm(name).id}/backups/${id}/finalize`)).status).toBe(200);
  await api.until(`/vms/${vm(name).id}/backups/${id}`, ({ status }) => status === 404);
};

test("levels 4.3 and 4.4 have live full backups without checkpoints, and neither increments nor cold ones", async () => {
  for (const level of ["4.3", "4.4"]) {
    const { id, to_checkpoint_id: checkpoint } = await readyBackup(api, vm(`up-${level}`).id, [diskOf(`up-${level}`)]);
    expect(checkpoint).toBeUndefined();
    await finish(`up-${level}`, id);
    expect(
      (await start(`up-${level}`, { from_checkpoint_id: "11111111-1111-4111-8111-111111111111" })).json.detail,
    ).toBe("[Cannot backup VM. Incremental backup is not supported.]");
    expect(await start(`down-${level}`)).toMatchObject({
      status: 409,
      json: { detail: "[Cannot backup VM. Bitmaps operations are not supported.]" },
    });
  }
});

test("levels from 4.5 on have checkpoints and cold backups, on an old engine no hybrid ones even at 4.7", async () => {
  for (const name of ["up-4.5", "down-4.6", "up-4.7", "down-4.8"]) {
    const ready = await readyBackup(api, vm(name).id, [diskOf(name)]);
    expect(ready, name).toHaveProperty("to_checkpoint_id");
    expect(ready, name).not.toHaveProperty("snapshot");
    await finish(name, ready.id);
    expect((await api.get(`/vms/${vm(name).id}/checkpoints`)).json.checkpoint, name).toHaveLength(1);
  }
});

test("an old engine lets a backup be finalized under its transfers, whose reads then fail", async () => {
  await using images = new ImageClient(lab);
  const name = "down-4.5";
  const backup = await readyBackup(api, vm(name).id, [diskOf(name)]);
  const transfer = await openTransfer(api, {
    disk: { id: diskOf(name) },
    backup: { id: backup.id },
    direction: "download",
    inactivity_timeout: "0",
  });
  await finish(name, backup.id);
  expect((await images.get(transfer.transfer_url)).status).toBe(500);
  await api.post(`/imagetransfers/${transfer.id}/finalize`);
  await api.until(`/imagetransfers/${transfer.id}`, ({ status }) => status === 404);
});

test("an old engine deletes only the oldest checkpoint of a VM that runs", async () => {
  const name = "up-4.6";
  const made: string[] = [];
  for (let count = 0; count < 2; count += 1) {
    const ready = await readyBackup(api, vm(name).id, [diskOf(name)]);
    made.push(ready.to_checkpoint_id);
    await finish(name, ready.id);
  }
  const path = (index: number): string => `/vms/${vm(name).id}/checkpoints/${made[index]}`;
  expect((await api.delete(path(1))).status).toBe(400);
  expect((await api.delete(path(0))).status).toBe(200);
  await api.until(path(0), ({ status }) => status === 404);
  await lab.control.stopVm(vm(name).id);
  expect((await api.delete(path(1))).status).toBe(409);
});

test("a host that knows no backups refuses live ones", async () => {
  expect(await start("up-old-host")).toMatchObject({
    status: 409,
    json: { detail: "[Cannot backup VM. Backup is not supported by the host (old).]" },
  });
});
