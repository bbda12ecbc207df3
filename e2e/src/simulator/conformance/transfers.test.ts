import { randomBytes } from "node:crypto";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { finishBackup, finishTransfer, openTransfer, readyBackup } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const mib = 2 ** 20;
const unknown = "11111111-1111-4111-8111-111111111111";

let lab: Lab;
let api: ApiClient;
let images: ImageClient;
let vm: LabVm;
let diskId: string;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      delays: { pollMs: 30 },
      clusters: [{ name: "live", version: "4.6" }],
      hosts: [
        { name: "h1", cluster: "live" },
        { name: "h2", cluster: "live" },
      ],
      vms: [{ name: "v", cluster: "live", status: "up", disks: [{ alias: "d", size: "2MiB", fill: { seed: 1 } }] }],
    }),
  );
  api = await loggedIn(lab);
  images = new ImageClient(lab);
  const [first] = await lab.control.listVms();
  if (first === undefined) throw new Error("no VM");
  vm = first;
  diskId = vm.disks[0]?.id ?? "";
});

afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const newDisk = async (changes: Tree = {}): Promise<string> => {
  const domain = (await api.get("/storagedomains")).json.storage_domain[0];
  const reply = await api.post("/disks", {
    alias: "new",
    format: "cow",
    provisioned_size: String(mib),
    storage_domains: { storage_domain: [{ id: domain.id }] },
    ...changes,
  });
  expect(reply.status).toBe(202);
  expect(reply.json.status).toBe("locked");
  await api.until(`/disks/${reply.json.id}`, ({ json }) => json.status === "ok");
  return reply.json.id;
};

test("an upload writes a disk, which is locked until the end and then reads as written", async () => {
  const id = await newDisk();
  const transfer = await openTransfer(api, { disk: { id } });
  expect(transfer.direction).toBe("upload");
  expect((await api.get(`/disks/${id}`)).json.status).toBe("locked");
  const content = randomBytes(65_536);
  expect(await images.put(transfer.transfer_url, content, 65_536)).toBe(200);
  expect(await finishTransfer(api, transfer.id)).not.toHaveProperty("transfer_url");
  expect((await api.get(`/disks/${id}`)).json.status).toBe("ok");
  const back = await openTransfer(api, { disk: { id }, direction: "download" });
  const { body } = await images.get(back.transfer_url, { range: "bytes=65536-131071" });
  expect(body.equals(content)).toBe(true);
  await finishTransfer(api, back.id);
});

test("an upload that does not pass its check, or is cancelled, takes the disk with it", async () => {
  const failing = await newDisk();
  await lab.control.failUpload(failing);
  const first = await openTransfer(api, { disk: { id: failing } });
  await api.post(`/imagetransfers/${first.id}/finalize`);
  await api.untilPhase(`/imagetransfers/${first.id}`, "finished_failure");
  expect((await api.get(`/disks/${failing}`)).status).toBe(404);

  const cancelled = await newDisk();
  const second = await openTransfer(api, { disk: { id: cancelled } });
  await api.post(`/imagetransfers/${second.id}/cancel`);
  await api.untilPhase(`/imagetransfers/${second.id}`, "finished_cleanup");
  expect((await api.get(`/disks/${cancelled}`)).status).toBe(404);
});

test("an answer names the disk as image only, and a dead ticket is 403", async () => {
  const id = await newDisk();
  const transfer = await openTransfer(api, { disk: { id }, direction: "download" });
  expect(transfer.image.id).toBe(id);
  for (const name of ["disk", "backup", "snapshot"]) expect(transfer).not.toHaveProperty(name);
  expect(new URL(transfer.proxy_url).pathname).toBe(new URL(transfer.transfer_url).pathname);
  await finishTransfer(api, transfer.id);
  expect((await images.get(transfer.transfer_url)).status).toBe(403);
  expect((await images.get(transfer.proxy_url)).status).toBe(403);
});

test("hosts and proxy are vouched for by the internal CA, not by the API's", async () => {
  const id = await newDisk();
  const transfer = await openTransfer(api, { disk: { id }, direction: "download" });
  await using wrong = new ImageClient(lab, lab.apiCa);
  await expect(wrong.get(transfer.transfer_url)).rejects.toThrow(/certificate/);
  await expect(wrong.get(transfer.proxy_url)).rejects.toThrow(/certificate/);
  await finishTransfer(api, transfer.id);
});

test("conflicts: a second transfer, a disk that a running VM uses, a backup that is not ready or unknown", async () => {
  const id = await newDisk();
  const first = await openTransfer(api, { disk: { id }, direction: "download" });
  expect((await api.post("/imagetransfers", { disk: { id }, direction: "download", format: "raw" })).json.detail).toBe(
    "[Cannot transfer Virtual Disk. Disk new is being transferred.]",
  );
  await finishTransfer(api, first.id);
  const plugged = await api.post("/imagetransfers", { disk: { id: diskId }, direction: "download", format: "raw" });
  expect(plugged).toMatchObject({
    status: 409,
    json: { detail: "[Cannot transfer Virtual Disk. The disk d is plugged to non-Down VMs: v]" },
  });
  const body = { disk: { id: diskId }, direction: "download", format: "raw" };
  expect((await api.post("/imagetransfers", { ...body, backup: { id: unknown } })).json.detail).toContain(
    "The specified VM backup does not exist.",
  );
  const backup = await readyBackup(api, vm.id, [diskId]);
  expect((await api.post("/imagetransfers", { ...body, format: "cow", backup: { id: backup.id } })).status).toBe(400);
  await finishBackup(api, vm.id, backup.id);
  const late = await api.post("/imagetransfers", { ...body, backup: { id: backup.id } });
  expect(late).toMatchObject({ status: 409 });
  expect(late.json.detail).toContain("VM backup is not in READY phase, backup phase is SUCCEEDED");
});

test("a live backup's transfer is served by the host that runs the VM, whatever was asked for", async () => {
  const running = (await api.get(`/vms/${vm.id}`)).json.host.id;
  const other = lab.addresses.hosts.find((host) => host.id !== running)?.id;
  const backup = await readyBackup(api, vm.id, [diskId]);
  const transfer = await openTransfer(api, {
    disk: { id: diskId },
    backup: { id: backup.id },
    direction: "download",
    host: { id: other },
  });
  expect(transfer.host.id).toBe(running);
  await finishTransfer(api, transfer.id);
  await finishBackup(api, vm.id, backup.id);
});

test("actions never tell that a transfer is unknown, and do nothing to a finished one", async () => {
  for (const action of ["extend", "pause", "resume", "cancel", "finalize"]) {
    expect((await api.post(`/imagetransfers/${unknown}/${action}`)).status).toBe(200);
  }
  const transfer = await openTransfer(api, { disk: { id: await newDisk() }, direction: "download" });
  await finishTransfer(api, transfer.id);
  expect((await api.post(`/imagetransfers/${transfer.id}/cancel`)).status).toBe(200);
  expect((await api.get(`/imagetransfers/${transfer.id}`)).json.phase).toBe("finished_success");
});

test("uploads can be paused and resumed with a new ticket; downloads cannot", async () => {
  const upload = await openTransfer(api, { disk: { id: await newDisk() } });
  expect((await api.post(`/imagetransfers/${upload.id}/resume`)).status).toBe(409);
  await api.post(`/imagetransfers/${upload.id}/pause`);
  expect((await api.get(`/imagetransfers/${upload.id}`)).json.phase).toBe("paused_user");
  await api.post(`/imagetransfers/${upload.id}/resume`);
  const resumed = await api.untilPhase(`/imagetransfers/${upload.id}`, "transferring");
  expect(resumed.transfer_url).not.toBe(upload.transfer_url);
  await finishTransfer(api, upload.id);
  const download = await openTransfer(api, { disk: { id: await newDisk() }, direction: "download" });
  expect((await api.post(`/imagetransfers/${download.id}/pause`)).status).toBe(400);
  await api.post(`/imagetransfers/${download.id}/cancel`);
  await api.untilPhase(`/imagetransfers/${download.id}`, "finished_cleanup");
});

test("a download of which every byte was read finalizes itself; an idle one is cancelled", async () => {
  const complete = await openTransfer(api, { disk: { id: await newDisk() }, direction: "download" });
  expect((await images.get(complete.transfer_url)).body).toHaveLength(mib);
  expect((await api.untilPhase(`/imagetransfers/${complete.id}`, "finished_success")).transferred).toBe(String(mib));
  const idle = await openTransfer(api, {
    disk: { id: await newDisk() },
    direction: "download",
    inactivity_timeout: "1",
  });
  await api.untilPhase(`/imagetransfers/${idle.id}`, "finished_failure");
});

test("an idle upload is paused by default, or cancelled by its policy", async () => {
  const paused = await openTransfer(api, { disk: { id: await newDisk() }, inactivity_timeout: "1" });
  const cancelledDisk = await newDisk();
  const cancelled = await openTransfer(api, {
    disk: { id: cancelledDisk },
    inactivity_timeout: 1,
    timeout_policy: "cancel",
  });
  await api.untilPhase(`/imagetransfers/${paused.id}`, "paused_system");
  await api.untilPhase(`/imagetransfers/${cancelled.id}`, "finished_failure");
  expect((await api.get(`/disks/${cancelledDisk}`)).status).toBe(404);
  await api.post(`/imagetransfers/${paused.id}/cancel`);
});

test("without an active host a transfer fails and an event says why", async () => {
  const id = await newDisk();
  for (const host of lab.addresses.hosts) await lab.control.setHostStatus(host.id, "maintenance");
  const reply = await api.post("/imagetransfers", { disk: { id }, direction: "download", format: "raw" });
  await api.untilPhase(`/imagetransfers/${reply.json.id}`, "finished_failure");
  expect((await api.get(`/events?search=${reply.json.id}`)).json.event[0].code).toBe("1067");
  for (const host of lab.addresses.hosts) await lab.control.setHostStatus(host.id, "up");
});

test("imageio can be made to fail by the lab", async () => {
  const id = await newDisk();
  const transfer = await openTransfer(api, { disk: { id }, direction: "download" });
  await lab.control.armImageioFault({ diskId: id, fault: { kind: "fail-reads", count: 1 } });
  expect((await images.get(transfer.transfer_url, { range: "bytes=0-511" })).status).toBe(500);
  expect((await images.get(transfer.transfer_url, { range: "bytes=0-511" })).status).toBe(206);
  await lab.control.clearFaults();
  await finishTransfer(api, transfer.id);
});
