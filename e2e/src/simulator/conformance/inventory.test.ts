import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      tags: [{ name: "gold" }],
      vms: [
        { name: "web1", cluster: "hybrid", tags: ["gold"], nics: [{ name: "nic1" }], disks: [{ size: "1MiB" }] },
        { name: "web2", cluster: "hybrid" },
        { name: "db1", cluster: "live", compatibility: "4.5" },
      ],
    }),
  );
  api = await loggedIn(lab);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("the API root tells product, version and a stable instance id", async () => {
  const { json } = await api.get("");
  expect(json.product_info.version).toMatchObject({ major: "4", minor: "5" });
  expect(json.product_info.instance_id).toBe(lab.addresses.instanceId);
  expect(json.special_objects.blank_template.id).toBe("00000000-0000-0000-0000-000000000000");
});

test("every collection of the inventory answers, by list and by id", async () => {
  const kinds = {
    datacenters: "data_center",
    clusters: "cluster",
    hosts: "host",
    storagedomains: "storage_domain",
    templates: "template",
    networks: "network",
    vnicprofiles: "vnic_profile",
    tags: "tag",
    vms: "vm",
    disks: "disk",
  };
  for (const [path, element] of Object.entries(kinds)) {
    const list = await api.get(`/${path}`);
    const [first] = list.json[element];
    expect((await api.get(`/${path}/${first.id}`)).json.id).toBe(first.id);
    expect(first.href).toBe(`/ovirt-engine/api/${path}/${first.id}`);
  }
});

test("levels, cluster stubs and numbers have the engine's forms", async () => {
  const vm = (await api.get(`/vms?search=${encodeURIComponent("name=db1")}`)).json.vm[0];
  expect(vm).toMatchObject({
    memory: "1073741824",
    delete_protected: "false",
    custom_compatibility_version: { major: "4", minor: "5" },
  });
  expect(typeof vm.creation_time).toBe("number");
  expect(vm).not.toHaveProperty("host");
  expect((await api.get(`/clusters/${vm.cluster.id}`)).json.version).toEqual({ major: "4", minor: "6" });
});

test("an empty collection is an empty object", async () => {
  expect((await api.get(`/vms?search=${encodeURIComponent("name=none")}`)).json).toEqual({});
});

test("pages need sortby and max, and end with an empty one", async () => {
  const page = async (number: number): Promise<string[]> => {
    const search = encodeURIComponent(`sortby name page ${number}`);
    const { json } = await api.get(`/vms?max=2&search=${search}`);
    return (json.vm ?? []).map((vm: { name: string }) => vm.name);
  };
  expect([await page(1), await page(2), await page(3)]).toEqual([["db1", "web1"], ["web2"], []]);
});

test("links are stubs until they are followed", async () => {
  const search = encodeURIComponent("name=web1");
  const plain = (await api.get(`/vms?search=${search}`)).json.vm[0];
  expect(plain.link.map((link: { rel: string }) => link.rel)).toEqual(
    expect.arrayContaining(["diskattachments", "snapshots", "backups", "checkpoints"]),
  );
  expect(plain).not.toHaveProperty("disk_attachments");
  const full = (await api.get(`/vms?search=${search}&follow=Disk_Attachments.disk,nics,tags,snapshots`)).json.vm[0];
  expect(full.disk_attachments.disk_attachment[0]).toMatchObject({
    bootable: "true",
    disk: { provisioned_size: "1048576", status: "ok" },
  });
  expect(full.nics.nic[0].mac.address).toMatch(/^56:6f/);
  expect(full.tags.tag[0].name).toBe("gold");
  expect(full.snapshots.snapshot).toHaveLength(1);
  expect(full.link.map((link: { rel: string }) => link.rel)).not.toContain("nics");
  const bare = (await api.get(`/vms?search=${encodeURIComponent("name=web2")}&follow=nics`)).json.vm[0];
  expect(bare.nics).toEqual({});
});

test("events can be posted once per custom id, searched, and read from an index", async () => {
  const body = { origin: "me", custom_id: "7", severity: "normal", description: "needle in hay" };
  const made = await api.post("/events", body);
  expect(made.status).toBe(201);
  expect((await api.post("/events", body)).status).toBe(409);
  const found = (await api.get("/events?search=needle")).json.event;
  expect(found).toHaveLength(1);
  expect((await api.get(`/events?from=${made.json.id}`)).json).toEqual({});
});

test("of a data center's hosts one is the storage pool manager", async () => {
  const hosts: { name: string; spm: { status: string } }[] = (await api.get("/hosts")).json.host;
  expect(hosts.map(({ spm }) => spm.status).toSorted()).toEqual([...hosts.slice(1).map(() => "none"), "spm"]);
});
