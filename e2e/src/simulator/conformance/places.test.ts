import { afterAll, beforeAll, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, type Reply, loggedIn } from "../testing/api-client.ts";
import { finishBackup, finishTransfer, openTransfer, readyBackup } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const gib = 2 ** 30;

let lab: Lab;
let api: ApiClient;
let images: ImageClient;
let vms: readonly LabVm[];

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      delays: { pollMs: 30 },
      vms: [
        { name: "up", cluster: "live", status: "up", disks: [{ alias: "u", size: "1MiB", fill: { seed: 1 } }] },
        { name: "down", cluster: "live", disks: [{ alias: "d", size: "1MiB", fill: { seed: 2 } }] },
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

const vm = (name: string): LabVm => {
  const found = vms.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no VM ${name}`);
  return found;
};
const diskOf = (name: string): string => vm(name).disks[0]?.id ?? "";
const startBackup = (name: string): Promise<Reply> =>
  api.post(`/vms/${vm(name).id}/backups`, { disks: { disk: [{ id: diskOf(name) }] } });
const statusOf = async (name: string): Promise<string> => (await api.get(`/vms/${vm(name).id}`)).json.status;
const untilStatus = (name: string, status: string) =>
  api.until(`/vms/${vm(name).id}`, ({ json }) => json.status === status);
const domain = async () => (await api.get("/storagedomains")).json.storage_domain[0];
const newDisk = async (): Promise<Reply> =>
  api.post("/disks", {
    alias: "n",
    format: "cow",
    provisioned_size: "1048576",
    storage_domains: { storage_domain: [{ id: (await domain()).id }] },
  });
const eventsWith = async (code: number) =>
  ((await api.get("/events")).json.event as { code: string; vm?: { id: string } }[]).filter(
    (event) => event.code === String(code),
  );

test("a storage domain below its critical level takes nothing new, but for a cold backup", async () => {
  expect(await domain()).toMatchObject({ warning_low_space_indicator: "10", critical_space_action_blocker: "5" });
  await lab.control.setStorageDomain("data", { availableBytes: gib });
  expect((await domain()).available).toBe(String(gib));
  const low = "Low disk space on Storage Domain data.";
  expect(await newDisk()).toMatchObject({ status: 409, json: { detail: `[Cannot add Virtual Disk. ${low}]` } });
  expect((await startBackup("up")).json.detail).toBe(`[Cannot backup VM. ${low}]`);
  expect((await api.post(`/vms/${vm("up").id}/snapshots`, { description: "s" })).json.detail).toContain(low);
  const cold = await readyBackup(api, vm("down").id, [diskOf("down")]);
  await finishBackup(api, vm("down").id, cold.id);
  await lab.control.setStorageDomain("data", { availableBytes: null });
  expect((await newDisk()).status).toBe(202);
});

test("guests of a full storage domain are paused until there is room, and uploads to it fail", async () => {
  const made = (await newDisk()).json.id;
  await api.until(`/disks/${made}`, ({ json }) => json.status === "ok");
  const upload = await openTransfer(api, { disk: { id: made } });
  await lab.control.setStorageDomain("data", { availableBytes: 0 });
  expect((await api.get(`/vms/${vm("up").id}`)).json).toMatchObject({ status: "paused", status_detail: "enospc" });
  expect((await eventsWith(138))[0]?.vm?.id).toBe(vm("up").id);
  expect((await startBackup("up")).json.detail).toContain("should be in Up or Down status");
  expect(await images.put(upload.transfer_url, Buffer.alloc(4096), 0)).toBe(500);
  await lab.control.setStorageDomain("data", { availableBytes: null });
  await untilStatus("up", "up");
  expect(await images.put(upload.transfer_url, Buffer.alloc(4096), 0)).toBe(200);
  await finishTransfer(api, upload.id);
});

test("a storage domain that is lost pauses its guests and fails reads; maintenance needs VMs that are down", async () => {
  const download = await openTransfer(api, { disk: { id: diskOf("down") }, direction: "download" });
  await lab.control.setStorageDomain("data", { status: "inactive" });
  expect((await api.get(`/vms/${vm("up").id}`)).json).toMatchObject({ status: "paused", status_detail: "eio" });
  expect(await eventsWith(145)).toHaveLength(1);
  expect((await images.get(download.transfer_url)).status).toBe(500);
  await lab.control.setStorageDomain("data", { status: "active" });
  await untilStatus("up", "up");
  await finishTransfer(api, download.id);
  await expect(lab.control.setStorageDomain("data", { status: "maintenance" })).rejects.toThrow("running VMs");
  await lab.control.stopVm(vm("up").id);
  await lab.control.setStorageDomain("data", { status: "maintenance" });
  expect((await domain()).status).toBe("maintenance");
  expect((await startBackup("down")).json.detail).toContain("status is Maintenance");
  expect((await api.post(`/vms/${vm("down").id}/start`)).json.detail).toBe(
    "[Cannot run VM. The relevant Storage Domain's status is Maintenance.]",
  );
  const transfer = { disk: { id: diskOf("down") }, direction: "download", format: "raw" };
  expect((await api.post("/imagetransfers", transfer)).status).toBe(409);
  await lab.control.setStorageDomain("data", { status: "active" });
  await lab.control.startVm(vm("up").id);
});

test("a host that does not respond loses its transfers, its imageio and the sight of its VMs", async () => {
  const backup = await readyBackup(api, vm("up").id, [diskOf("up")]);
  const transfer = await openTransfer(api, {
    disk: { id: diskOf("up") },
    backup: { id: backup.id },
    direction: "download",
  });
  const host = transfer.host.id;
  await lab.control.setHostStatus(host, "non_responsive");
  await expect(images.get(transfer.transfer_url)).rejects.toThrow(/socket|closed|reset|other side/i);
  await api.untilPhase(`/imagetransfers/${transfer.id}`, "finished_failure");
  expect(await eventsWith(1064)).toHaveLength(1);
  expect(await statusOf("up")).toBe("unknown");
  expect((await startBackup("up")).status).toBe(409);
  await lab.control.setHostStatus(host, "up");
  expect(await statusOf("up")).toBe("up");
  await finishBackup(api, vm("up").id, backup.id);
});

test("a host that goes down takes its VMs along, which start again elsewhere or on it", async () => {
  const { id } = (await api.get(`/vms/${vm("up").id}`)).json.host;
  await lab.control.setHostStatus(id, "down");
  await untilStatus("up", "down");
  expect((await api.post(`/vms/${vm("up").id}/start`)).status).toBe(409);
  await lab.control.setHostStatus(id, "up");
  await lab.control.startVm(vm("up").id);
});

test("a host's imageio that started again knows no ticket, and one whose time is over is taken again once it is extended", async () => {
  const backup = await readyBackup(api, vm("up").id, [diskOf("up")]);
  const transfer = await openTransfer(api, {
    disk: { id: diskOf("up") },
    backup: { id: backup.id },
    direction: "download",
  });
  const statusNow = async (): Promise<number> =>
    (await images.get(transfer.transfer_url, { range: "bytes=0-511" })).status;
  const host: string = transfer.host.id;
  await lab.control.spoilTickets(host, "expired");
  await expect.poll(statusNow).toBe(206);
  await lab.control.spoilTickets(host, "lost");
  expect(await statusNow()).toBe(403);
  expect((await api.get(`/imagetransfers/${transfer.id}`)).json.phase).toBe("transferring");
  await finishTransfer(api, transfer.id);
  await finishBackup(api, vm("up").id, backup.id);
});
