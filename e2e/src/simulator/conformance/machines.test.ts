import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const mib = 2 ** 20;

let lab: Lab;
let api: ApiClient;
let domainId: string;
let clusterId: string;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      templates: [{ name: "base", disks: [{ alias: "root", size: "2MiB", fill: { seed: 3 } }] }],
      vnicProfiles: [{ name: "blue", network: "backbone" }],
      vms: [
        {
          name: "source",
          cluster: "hybrid",
          bios: "q35_ovmf",
          os: "rhel_9x64",
          sockets: 2,
          memory: "512MiB",
          description: "a < b & c",
          nics: [{ name: "nic1", profile: "blue", mac: "56:6f:00:00:00:01" }],
          disks: [
            { alias: "one", size: "1MiB" },
            { alias: "two", size: "1MiB", format: "raw", interface: "virtio" },
          ],
        },
      ],
    }),
  );
  api = await loggedIn(lab);
  domainId = (await api.get("/storagedomains")).json.storage_domain[0].id;
  clusterId = (await api.get("/clusters")).json.cluster[0].id;
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const byName = async (name: string): Promise<Tree> =>
  (await api.get(`/vms?search=${encodeURIComponent(`name=${name}`)}&follow=disk_attachments.disk,nics`)).json.vm?.[0];

const untilDown = (id: string) => api.until(`/vms/${id}`, ({ json }) => json?.status === "down");

const createDisk = async (changes: Tree = {}): Promise<Tree> => {
  const body = {
    alias: "d",
    format: "cow",
    provisioned_size: mib,
    storage_domains: { storage_domain: [{ id: domainId }] },
    ...changes,
  };
  const reply = await api.post("/disks", body);
  if (reply.status === 202) await api.until(`/disks/${reply.json.id}`, ({ json }) => json.status === "ok");
  return reply;
};

test("a VM is created explicitly, gets disks and NICs, starts, stops and goes with its disks", async () => {
  const made = await api.post("/vms", {
    name: "made",
    cluster: { id: clusterId },
    template: { name: "Blank" },
    memory: "268435456",
    cpu: { topology: { sockets: "1", cores: "2" } },
    bios: { type: "q35_ovmf" },
  });
  expect(made.status).toBe(201);
  expect(made.headers["location"]).toContain(made.json.id);
  const { id } = made.json;
  await untilDown(id);
  const disk = (await createDisk()).json.id;
  const attached = await api.post(`/vms/${id}/diskattachments`, {
    interface: "virtio_scsi",
    bootable: "true",
    active: "true",
    disk: { id: disk },
  });
  expect(attached.json).toMatchObject({ id: disk, bootable: "true", active: "true" });
  const profile = (await api.get("/vnicprofiles")).json.vnic_profile[0];
  const nic = await api.post(`/vms/${id}/nics`, {
    name: "nic1",
    interface: "virtio",
    vnic_profile: { id: profile.id },
    mac: { address: "56:6f:00:00:00:09" },
  });
  expect(nic.json.mac.address).toBe("56:6f:00:00:00:09");
  expect((await api.post(`/vms/${id}/start`)).json.status).toBe("complete");
  await api.until(`/vms/${id}`, ({ json }) => json.status === "up" && json.host !== undefined);
  expect((await api.delete(`/vms/${id}`)).status).toBe(409);
  expect((await api.delete(`/disks/${disk}`)).status).toBe(409);
  const hot = (await createDisk()).json.id;
  await api.post(`/vms/${id}/diskattachments`, { interface: "virtio_scsi", active: "true", disk: { id: hot } });
  expect(await lab.control.guestDisks(id)).toHaveLength(2);
  expect((await api.delete(`/vms/${id}/diskattachments/${hot}`)).status).toBe(200);
  expect((await api.get(`/disks/${hot}`)).status).toBe(200);
  await api.post(`/vms/${id}/shutdown`);
  await untilDown(id);
  expect((await api.delete(`/vms/${id}`)).status).toBe(200);
  await api.until(`/vms/${id}`, ({ status }) => status === 404);
  expect((await api.get(`/disks/${disk}`)).status).toBe(404);
});

test("a VM of a template gets a thin layer that reads as the template, or a copy when it is cloned", async () => {
  const template = (await api.get(`/templates?search=${encodeURIComponent("name=base")}`)).json.template[0];
  const copies: Buffer[] = [];
  for (const [name, query] of [
    ["thin", ""],
    ["clone", "?clone=true"],
  ]) {
    const { json } = await api.post(`/vms${query}`, {
      name,
      cluster: { id: clusterId },
      template: { id: template.id },
    });
    await untilDown(json.id);
    const [disk] = (await api.get(`/vms/${json.id}/diskattachments`)).json.disk_attachment;
    const path = join(lab.directory, `${name}.raw`);
    await lab.control.copyDisk(disk.id, path);
    copies.push(await readFile(path));
  }
  const [thin, clone] = copies;
  expect(thin).toHaveLength(2 * mib);
  expect(clone?.equals(thin ?? Buffer.alloc(0))).toBe(true);
  expect(thin?.subarray(0, 16).equals(Buffer.alloc(16))).toBe(false);
});

test("the OVF that the engine returns makes the same VM again, over its floating disks", async () => {
  const source = await byName("source");
  const { initialization } = (await api.get(`/vms/${source.id}?all_content=true`)).json;
  const { data } = initialization.configuration;
  expect(data).toContain("<ovf:Envelope");
  const restore = (changes: Tree, init: Tree = {}) =>
    api.post("/vms", {
      cluster: { id: clusterId },
      initialization: { configuration: { type: "ovf", data }, ...init },
      ...changes,
    });

  expect((await restore({ name: "again" })).status).toBe(409);
  const copy = await restore({ name: "copy" }, { regenerate_ids: "true" });
  expect(copy.status).toBe(201);
  const copied = await byName("copy");
  expect(copied.disk_attachments).toEqual({});
  expect(copied.nics.nic[0].mac.address).not.toBe("56:6f:00:00:00:01");
  expect(
    (await api.get(`/events?search=${encodeURIComponent("message=*copy*without disk*")}`)).json.event,
  ).toHaveLength(2);

  expect((await api.delete(`/vms/${source.id}?detach_only=true`)).status).toBe(200);
  await api.until(`/vms/${source.id}`, ({ status }) => status === 404);
  expect((await restore({ name: "source" })).json.id).toBe(source.id);
  const again = await byName("source");
  expect(again).toMatchObject({
    description: "a < b & c",
    memory: "536870912",
    bios: { type: "q35_ovmf" },
    os: { type: "rhel_9x64" },
    cpu: { topology: { sockets: "2" } },
  });
  expect(again.nics.nic[0]).toMatchObject({
    name: "nic1",
    mac: { address: "56:6f:00:00:00:01" },
    vnic_profile: { id: source.nics.nic[0].vnic_profile.id },
  });
  const shape = (vm: Tree) =>
    vm.disk_attachments.disk_attachment.map((one: Tree) => [one.id, one.interface, one.bootable, one.disk.alias]);
  expect(shape(again)).toEqual(shape(source));
});

test("what cannot be an OVF is refused", async () => {
  const reply = await api.post("/vms", {
    name: "bad",
    cluster: { id: clusterId },
    initialization: { configuration: { type: "ovf", data: "<nonsense" } },
  });
  expect(reply.status).toBe(400);
  expect((await api.post("/vms", { cluster: { id: clusterId }, name: "bad" })).json.detail).toContain("template");
});

test("disks: an own id collides, raw ones are not tracked, shrinking is refused, growing works", async () => {
  const id = "33333333-3333-4333-8333-333333333333";
  expect((await createDisk({ id })).json.id).toBe(id);
  expect((await createDisk({ id })).status).toBe(409);
  expect((await createDisk({ format: "raw", backup: "incremental" })).json.detail).toContain(
    "Incremental backup is not supported for RAW format disks",
  );
  expect((await createDisk({ provisioned_size: undefined })).json.reason).toBe("Incomplete parameters");
  expect((await api.call("PUT", `/disks/${id}`, { body: { provisioned_size: 512 } })).status).toBe(400);
  expect(
    (await api.call("PUT", `/disks/${id}`, { body: { provisioned_size: String(mib + 512), name: "grown" } })).json,
  ).toMatchObject({ provisioned_size: String(mib + 512), alias: "grown" });
  expect((await api.delete(`/disks/${id}?async=true`)).status).toBe(202);
  await api.until(`/disks/${id}`, ({ status }) => status === 404);
});

test("a disk of a running VM grows through its attachment", async () => {
  const { id, disks } = await lab.control.addVm({
    name: "grows",
    cluster: "live",
    status: "up",
    disks: [{ size: "1MiB" }],
  });
  const path = `/vms/${id}/diskattachments/${disks[0]?.id}`;
  const reply = await api.call("PUT", path, { body: { disk: { provisioned_size: String(2 * mib) } } });
  expect(reply.status).toBe(200);
  expect((await api.get(`${path}?follow=disk`)).json.disk.provisioned_size).toBe(String(2 * mib));
  expect((await api.call("PUT", path, { body: { active: false } })).json.active).toBe("false");
  expect(await lab.control.guestDisks(id)).toEqual([]);
});

test("freezing needs a running VM with a guest agent", async () => {
  const { id } = await lab.control.addVm({ name: "mute", cluster: "live", status: "up", guestAgent: false });
  expect((await api.post(`/vms/${id}/freezefilesystems`)).status).toBe(400);
  await lab.control.setVm(id, { guestAgent: true });
  expect((await api.post(`/vms/${id}/freezefilesystems`)).status).toBe(200);
  expect((await api.post(`/vms/${id}/thawfilesystems`)).status).toBe(200);
  await lab.control.stopVm(id);
  expect((await api.post(`/vms/${id}/freezefilesystems`)).status).toBe(409);
});

test("a guest that was frozen stays so until it is thawed or started anew, which the lab tells", async () => {
  const { id } = await lab.control.addVm({ name: "still", cluster: "live", status: "up" });
  const frozen = async () => (await lab.control.leftovers()).frozenGuests;
  expect(await frozen()).toEqual([]);
  await api.post(`/vms/${id}/freezefilesystems`);
  expect(await frozen()).toEqual([id]);
  await api.post(`/vms/${id}/thawfilesystems`);
  expect(await frozen()).toEqual([]);
  expect((await api.post(`/vms/${id}/thawfilesystems`)).status).toBe(200);
  await api.post(`/vms/${id}/freezefilesystems`);
  await lab.control.stopVm(id);
  expect(await frozen()).toEqual([]);
  await lab.control.startVm(id);
  expect(await frozen()).toEqual([]);
  expect((await api.post(`/vms/${id}/thawfilesystems`)).status).toBe(200);
});

test("names, texts and protection can be edited; a protected VM stays", async () => {
  const { id } = await lab.control.addVm({ name: "kept" });
  const edit = (body: Tree) => api.call("PUT", `/vms/${id}`, { body });
  expect((await edit({ name: "mute" })).status).toBe(409);
  expect((await edit({ description: "new", delete_protected: "true" })).json).toMatchObject({
    name: "kept",
    description: "new",
  });
  expect((await api.delete(`/vms/${id}`)).status).toBe(409);
});
