import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { finishTransfer, openTransfer } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, startLab } from "../testing/lab.ts";
import { act, makeVm, startWith, untilRecorded, untilStatus, workerConfig } from "../testing/worker-lab.ts";

const MiB = 2 ** 20;

let lab: Lab;
let api: ApiClient;

beforeAll(async () => {
  const { templates = [] } = workerConfig();
  lab = await startLab(
    workerConfig({
      delays: { bootTimeoutMs: 150 },
      networks: [
        { name: "blue", subnet: "192.0.2.0/24" },
        { name: "island", isolated: true },
      ],
      storageDomains: [{ name: "data" }, { name: "other" }],
      templates: [
        ...templates,
        { name: "worker", version: 2, cluster: "live", storageDomain: "other", disks: [{ size: "2MiB" }] },
        { name: "unready", status: "locked", disks: [{ size: "1MiB" }] },
      ],
    }),
  );
  api = await loggedIn(lab);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const idOf = async (collection: string, element: string, name: string): Promise<string> =>
  (await api.get(`/${collection}?search=${encodeURIComponent(`name=${name}`)}`)).json[element][0].id;

const diskOf = async (vmId: string): Promise<Tree> =>
  (await api.get(`/vms/${vmId}/diskattachments?follow=disk`)).json.disk_attachment[0].disk;

test("templates have versions of one name, a status, NICs and a place", async () => {
  const found = (await api.get(`/templates?search=${encodeURIComponent("name=worker")}`)).json.template;
  expect(found).toHaveLength(2);
  const [first, second] = found;
  expect(first).toMatchObject({ status: "ok", version: { version_number: "1", base_template: { id: first.id } } });
  expect(second.version).toMatchObject({ version_number: "2", base_template: { id: first.id } });
  expect(second.cluster.id).toBe(await idOf("clusters", "cluster", "live"));
  expect((await api.get(`/templates/${first.id}/nics`)).json.nic[0].name).toBe("nic1");
  expect((await api.get(`/templates/${second.id}`)).json.name).toBe("worker");
});

test("disks of a VM are layers beside the template's, or copies wherever they are wanted", async () => {
  const thin = await diskOf(await makeVm(api, "thin"));
  const clone = await diskOf(await makeVm(api, "clone", { query: "?clone=true", storage_domain: { name: "other" } }));
  const domainOf = ({ storage_domains }: Tree): string => storage_domains.storage_domain[0].id;
  expect(domainOf(thin)).toBe(await idOf("storagedomains", "storage_domain", "data"));
  expect(domainOf(clone)).toBe(await idOf("storagedomains", "storage_domain", "other"));
  expect(thin.id).not.toBe(clone.id);
  const refused = await api.post("/vms", {
    name: "astray",
    cluster: { name: "hybrid" },
    template: { name: "worker" },
    storage_domain: { name: "other" },
  });
  expect([refused.status, refused.json.detail]).toEqual([
    400,
    "[Cannot add VM. Selected Storage Domain does not contain the VM Template.]",
  ]);
});

test.each<[string, Tree, number, string]>([
  ["a taken name", { name: "thin" }, 409, "The VM name is already in use"],
  ["an unknown template", { template: { name: "nope" } }, 400, "Template does not exist"],
  ["an unready template", { template: { name: "unready" } }, 409, "VM Template Image is locked"],
  ["an unknown cluster", { cluster: { name: "nope" } }, 400, "Cluster does not exist"],
  ["an unknown storage domain", { storage_domain: { name: "nope" } }, 400, "Storage Domain doesn't exist"],
  ["an unknown host", { placement_policy: { hosts: { host: [{ name: "nope" }] } } }, 400, "Host does not exist"],
  ["a field that is none", { initialization: { hostname: "x" } }, 400, "Unrecognized field"],
])("%s is refused", async (_, changes, status, words) => {
  const wanted = { name: "refused", cluster: { name: "hybrid" }, template: { name: "worker" }, ...changes };
  const reply = await api.post("/vms", wanted);
  expect([reply.status, reply.json.detail]).toEqual([status, expect.stringContaining(words)]);
});

const upload = async (content: Buffer): Promise<string> => {
  const domain = await idOf("storagedomains", "storage_domain", "data");
  const made = await api.post("/disks", {
    alias: "uploaded",
    format: "cow",
    provisioned_size: MiB,
    storage_domains: { storage_domain: [{ id: domain }] },
  });
  await api.until(`/disks/${made.json.id}`, ({ json }) => json.status === "ok");
  const transfer = await openTransfer(api, { disk: { id: made.json.id }, direction: "upload" });
  await using images = new ImageClient(lab);
  expect(await images.put(transfer.transfer_url, content, 0)).toBe(200);
  await finishTransfer(api, transfer.id);
  await api.until(`/disks/${made.json.id}`, ({ json }) => json.status === "ok");
  return made.json.id;
};

const bootUploaded = async (name: string, content: Buffer): Promise<string> => {
  const id = await makeVm(api, name, { template: { name: "Blank" } });
  const profile = await idOf("vnicprofiles", "vnic_profile", "ovirtmgmt");
  await api.post(`/vms/${id}/nics`, { name: "nic1", vnic_profile: { id: profile } });
  const disk = { id: await upload(content) };
  await api.post(`/vms/${id}/diskattachments`, { bootable: "true", active: "true", interface: "virtio", disk });
  await startWith(api, id, "a: 1\n");
  return id;
};

const marked = Buffer.alloc(4096);
marked.write("HOLDFAST-LAB-GUEST agent\n");

test("a VM from Blank boots what its uploaded disk says", async () => {
  const id = await bootUploaded("uploaded", marked);
  await untilRecorded(lab, id, 1);
  expect(await lab.control.workers.guestProcess(id)).toBeDefined();
});

test.each([
  ["an uploaded disk without the mark", () => bootUploaded("unmarked", Buffer.alloc(4096, "x"))],
  [
    "a template that boots nothing",
    async () => {
      const id = await makeVm(api, "dead", { template: { name: "dead" } });
      await startWith(api, id, "a: 1\n");
      return id;
    },
  ],
])("%s stays powering up until the engine no longer waits, and runs nothing", async (_, boot) => {
  const id = await boot();
  expect(await lab.control.workers.guestProcess(id)).toBeUndefined();
  const { changes } = await lab.control.vmHistory(id);
  const [powering, up] = changes.slice(-2);
  expect([powering?.status, up?.status]).toEqual(["powering_up", "up"]);
  expect((up?.atMs ?? 0) - (powering?.atMs ?? 0)).toBeGreaterThanOrEqual(140);
  expect((await api.get(`/vms/${id}/reporteddevices`)).json).toEqual({});
});

const onNetwork = async (name: string, profile: string): Promise<string> => {
  const id = await makeVm(api, name);
  const [{ id: nicId }] = (await api.get(`/vms/${id}/nics`)).json.nic;
  await api.delete(`/vms/${id}/nics/${nicId}`);
  await api.post(`/vms/${id}/nics`, {
    name: "nic1",
    vnic_profile: { id: await idOf("vnicprofiles", "vnic_profile", profile) },
  });
  return id;
};

const fixed = (address: string): Tree => ({
  dns_servers: "192.0.2.53",
  nic_configurations: {
    nic_configuration: [
      {
        name: "enp1s0",
        on_boot: "true",
        boot_protocol: "static",
        ip: { address, netmask: "255.255.255.0", gateway: "192.0.2.1" },
      },
    ],
  },
});

test.each<[string, string, Tree, boolean, string | undefined]>([
  ["dhcp", "blue", {}, true, "192.0.2.10"],
  ["fixed", "blue", fixed("192.0.2.77"), true, "192.0.2.77"],
  ["misfixed", "blue", fixed("198.51.100.7"), false, "198.51.100.7"],
  ["stranded", "island", {}, false, undefined],
])("a guest on a network (%s) reaches others only when that is right, and reports its address", async (...row) => {
  const [name, profile, changes, reaches, address] = row;
  const id = await onNetwork(name, profile);
  await startWith(api, id, `reach: ${new URL(lab.addresses.control).port}\n`, changes);
  expect((await untilRecorded(lab, id, 1))[0].reaches).toBe(reaches);
  const [nic] = (await api.get(`/vms/${id}/nics?follow=reported_devices`)).json.nic;
  const reported = nic.reported_devices.reported_device?.[0].ips.ip;
  expect(reported).toEqual(address === undefined ? undefined : [{ address, version: "v4" }]);
  await act(api, id, "shutdown");
  await untilStatus(api, id, "down");
  expect((await api.get(`/vms/${id}/nics/${nic.id}/reporteddevices`)).json).toEqual({});
});
