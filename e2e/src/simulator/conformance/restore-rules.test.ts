import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { finishTransfer, openTransfer } from "../testing/capture.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;
let vmId: string;
let diskId: string;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      proxy: false,
      hosts: [
        { name: "h1", cluster: "hybrid" },
        { name: "h2", cluster: "live" },
      ],
      vms: [
        {
          name: "v",
          cluster: "live",
          nics: [{ name: "nic1", mac: "56:6f:00:00:00:01" }],
          disks: [{ alias: "d", size: "64KiB" }],
        },
      ],
    }),
  );
  api = await loggedIn(lab);
  const [vm] = await lab.control.listVms();
  [vmId, diskId] = [vm?.id ?? "", vm?.disks[0]?.id ?? ""];
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const importVm = async (name: string, initialization: Tree = {}) => {
  const data = (await api.get(`/vms/${vmId}?all_content=true`)).json.initialization.configuration.data;
  return api.post("/vms", {
    name,
    cluster: { name: "live" },
    initialization: { configuration: { type: "ovf", data }, ...initialization },
  });
};

test("without a proxy both addresses of a transfer are the host's", async () => {
  const transfer = await openTransfer(api, { disk: { id: diskId }, direction: "download" });
  expect(transfer.proxy_url).toBe(transfer.transfer_url);
  await finishTransfer(api, transfer.id);
});

test("a transfer of a disk that no VM runs on is served by the host that was asked for", async () => {
  for (const { id, imageioPort } of lab.addresses.hosts) {
    const transfer = await openTransfer(api, { disk: { id: diskId }, direction: "download", host: { id } });
    expect(transfer.host.id).toBe(id);
    expect(new URL(transfer.transfer_url).port).toBe(String(imageioPort));
    await finishTransfer(api, transfer.id);
  }
});

test("a configuration's identity collides with the VM that lives, unless new ids are wanted", async () => {
  expect((await importVm("twin")).status).toBe(409);
  const made = await importVm("other", { regenerate_ids: "true" });
  expect(made.status).toBe(201);
  expect(made.json.id).not.toBe(vmId);
  const [nic] = (await api.get(`/vms/${made.json.id}/nics`)).json.nic;
  expect(nic.mac.address).not.toBe("56:6f:00:00:00:01");
});

test("a disk of a configuration that cannot be attached is told by an event alone", async () => {
  const made = await importVm("diskless", { regenerate_ids: "true" });
  expect(made.status).toBe(201);
  expect((await api.get(`/vms/${made.json.id}/diskattachments`)).json).toEqual({});
  const events = (await api.get("/events?search=vm_name%3Ddiskless")).json.event;
  expect(events.map(({ description }: Tree) => description)).toContainEqual(
    expect.stringContaining(`without disk ${diskId}: it is attached to another VM`),
  );
});

test("a download without a direction is taken for an upload", async () => {
  const domain = (await api.get("/storagedomains")).json.storage_domain[0].id;
  const disk = await api.post(
    "/disks",
    { format: "cow", provisioned_size: "65536", storage_domains: { storage_domain: [{ id: domain }] } },
    { "x-ovirt-expect": "201-created" },
  );
  const transfer = await openTransfer(api, { disk: { id: disk.json.id } });
  expect(transfer).toMatchObject({ direction: "upload", inactivity_timeout: "60", timeout_policy: "legacy" });
  await finishTransfer(api, transfer.id);
});
