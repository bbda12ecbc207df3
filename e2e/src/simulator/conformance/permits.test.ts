import { afterAll, beforeAll, expect, test } from "vitest";

import { backupPermits as permits } from "../permits/backup-permits.ts";
import { ApiClient, type Reply, type Tree, loggedIn } from "../testing/api-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let admin: ApiClient;
let least: ApiClient;
let owner: ApiClient;
let operator: ApiClient;
let vmId: string;
let diskId: string;
let roleId: string;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      delays: { pollMs: 30 },
      roles: [
        { name: "Least", permits: [...permits] },
        { name: "Editor", administrative: true, permits: ["login", "edit_vm_properties"] },
      ],
      users: [
        { name: "admin@internal", password: "secret", roles: [{ role: "SuperUser" }] },
        { name: "least@internal", password: "l", roles: [{ role: "Least", on: "system" }] },
        { name: "owner@internal", password: "o", roles: [{ role: "UserVmManager", on: { vm: "v" } }] },
        { name: "operator@internal", password: "p", roles: [{ role: "DiskOperator" }] },
        { name: "editor@internal", password: "e", roles: [{ role: "Editor" }] },
        { name: "nobody@internal", password: "n" },
      ],
      vms: [
        { name: "v", cluster: "hybrid", status: "up", disks: [{ alias: "d", size: "1MiB", fill: { seed: 1 } }] },
        { name: "other", cluster: "live", disks: [{ alias: "e", size: "1MiB" }] },
        { name: "third", cluster: "live" },
      ],
    }),
  );
  admin = await loggedIn(lab);
  [least, owner, operator] = [new ApiClient(lab), new ApiClient(lab), new ApiClient(lab)];
  for (const [client, name] of [
    [least, "least"],
    [owner, "owner"],
    [operator, "operator"],
  ] as const) {
    await client.login(`${name}@internal`, name === "operator" ? "p" : (name[0] ?? ""));
  }
  const vm = (await lab.control.listVms()).find(({ name }) => name === "v");
  [vmId, diskId] = [vm?.id ?? "", vm?.disks[0]?.id ?? ""];
  roleId = (await admin.get("/roles")).json.role.find((role: { name: string }) => role.name === "Least").id;
});

afterAll(async () => {
  for (const client of [admin, least, owner, operator]) await client[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const permitId = async (name: string): Promise<string> =>
  (await admin.get(`/roles/${roleId}/permits`)).json.permit.find((permit: { name: string }) => permit.name === name).id;

/** Does the call without each of the permits, which is forbidden, and then with all of them. */
const needs = async (names: readonly string[], call: () => Promise<Reply>): Promise<Tree> => {
  for (const name of names) {
    expect((await admin.delete(`/roles/${roleId}/permits/${await permitId(name)}`)).status).toBe(200);
    expect(await call(), name).toMatchObject({
      status: 403,
      json: { reason: "Operation Failed", detail: "[User is not authorized to perform this action.]" },
    });
    expect((await admin.post(`/roles/${roleId}/permits`, { name })).status).toBe(201);
  }
  const reply = await call();
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply.json;
};

const upload = async (): Promise<string> => {
  const domain = (await least.get("/storagedomains")).json.storage_domain[0].id;
  const disk = await needs(["create_disk"], () =>
    least.post("/disks", {
      alias: "restored",
      format: "cow",
      provisioned_size: "1048576",
      storage_domains: { storage_domain: [{ id: domain }] },
    }),
  );
  await least.until(`/disks/${disk.id}`, ({ json }) => json.status === "ok");
  const transfer = await needs(["edit_disk_properties"], () =>
    least.post("/imagetransfers", { disk: { id: disk.id }, direction: "upload", format: "raw" }),
  );
  await least.untilPhase(`/imagetransfers/${transfer.id}`, "transferring");
  await needs(["create_disk"], () => least.post(`/imagetransfers/${transfer.id}/finalize`));
  await least.untilPhase(`/imagetransfers/${transfer.id}`, "finished_success");
  return disk.id;
};

test("a role with the permits of a backup can back up, and without any one of them a call is forbidden", async () => {
  const backup = await needs(["backup_disk"], () =>
    // Ids are taken in any case: the permit is asked for all the same.
    least.post(`/vms/${vmId}/backups`, { disks: { disk: [{ id: diskId.toUpperCase() }] } }),
  );
  const path = `/vms/${vmId}/backups/${backup.id}`;
  const { to_checkpoint_id: checkpoint } = await least.untilPhase(path, "ready");
  const body = { disk: { id: diskId }, backup: { id: backup.id }, direction: "download", format: "raw" };
  const transfer = await needs(["edit_disk_properties"], () => least.post("/imagetransfers", body));
  await least.untilPhase(`/imagetransfers/${transfer.id}`, "transferring");
  for (const action of ["extend", "pause", "resume", "cancel"]) {
    expect((await owner.post(`/imagetransfers/${transfer.id}/${action}`)).status).toBe(403);
  }
  await needs(["create_disk"], () => least.post(`/imagetransfers/${transfer.id}/finalize`));
  await least.untilPhase(`/imagetransfers/${transfer.id}`, "finished_success");
  await needs(["backup_disk"], () => least.post(`${path}/finalize`));
  await least.untilPhase(path, "succeeded");
  await needs(["backup_disk"], () => least.delete(`/vms/${vmId}/checkpoints/${checkpoint}`));
  const snapshot = await needs(["manipulate_vm_snapshots"], () =>
    least.post(`/vms/${vmId}/snapshots`, { description: "s", persist_memorystate: "false" }),
  );
  const snapshotPath = `/vms/${vmId}/snapshots/${snapshot.id}`;
  await least.until(snapshotPath, ({ json }) => json.snapshot_status === "ok");
  await needs(["manipulate_vm_snapshots"], () => least.delete(snapshotPath));
  await least.until(snapshotPath, ({ status }) => status === 404);
});

test("a role with the permits of a restore can restore, and without any one of them a call is forbidden", async () => {
  const restored = await upload();
  const cluster = (await least.get("/clusters?search=name=live")).json.cluster[0].id;
  const template = { name: "Blank" };
  const vm = await needs(["create_vm"], () => least.post("/vms", { name: "r", cluster: { id: cluster }, template }));
  const attachment = { interface: "virtio_scsi", bootable: "true", active: "true", disk: { id: restored } };
  await needs(["configure_vm_storage", "attach_disk"], () => least.post(`/vms/${vm.id}/diskattachments`, attachment));
  await needs(["configure_vm_network"], () => least.post(`/vms/${vm.id}/nics`, { name: "nic1" }));
  const ovf = (await least.get(`/vms/${vm.id}?all_content=true`)).json.initialization.configuration.data;
  const imported = await needs(["create_vm", "import_export_vm"], () =>
    least.post("/vms", {
      name: "imported",
      cluster: { id: cluster },
      initialization: { regenerate_ids: "true", configuration: { type: "ovf", data: ovf } },
    }),
  );
  await needs(["run_vm"], () => least.post(`/vms/${vm.id}/start`));
  await least.until(`/vms/${vm.id}`, ({ json }) => json.status === "up");
  await needs(["stop_vm"], () => least.post(`/vms/${vm.id}/stop`));
  await least.until(`/vms/${vm.id}`, ({ json }) => json.status === "down");
  await needs(["configure_vm_storage"], () => least.delete(`/vms/${vm.id}/diskattachments/${restored}`));
  await needs(["delete_disk"], () => least.delete(`/disks/${restored}`));
  for (const { id } of [vm, imported]) await needs(["delete_vm"], () => least.delete(`/vms/${id}`));
});

test("custom properties of a VM, and the hosts that it is bound to, are asked for apart", async () => {
  const editor = new ApiClient(lab);
  await editor.login("editor@internal", "e");
  const host = (await editor.get("/hosts")).json.host[0].id;
  const put = async (body: unknown) => (await editor.call("PUT", `/vms/${vmId}`, { body })).status;
  expect(await put({ comment: "c", placement_policy: { affinity: "migratable", hosts: {} } })).toBe(200);
  expect(await put({ custom_properties: { custom_property: [{ name: "a", value: "b" }] } })).toBe(403);
  expect(await put({ placement_policy: { affinity: "pinned", hosts: { host: [{ id: host }] } } })).toBe(403);
  await editor[Symbol.asyncDispose]();
});

test("without the permit to log in single sign-on gives no token", async () => {
  const other = new ApiClient(lab);
  const reply = await other.login("nobody@internal", "n");
  expect(reply).toMatchObject({ status: 400, json: { error_code: "access_denied" } });
  expect(reply.json.error).toContain("not authorized to perform login");
  await other[Symbol.asyncDispose]();
});

test("DiskOperator on the system backs up and transfers, but takes no snapshot and makes no VM", async () => {
  const reply = await operator.post(`/vms/${vmId}/backups`, { disks: { disk: [{ id: diskId }] } });
  expect(reply.status).toBe(201);
  const path = `/vms/${vmId}/backups/${reply.json.id}`;
  await operator.untilPhase(path, "ready");
  const body = { disk: { id: diskId }, backup: { id: reply.json.id }, direction: "download", format: "raw" };
  const transfer = await operator.post("/imagetransfers", body);
  await operator.untilPhase(`/imagetransfers/${transfer.json.id}`, "transferring");
  expect((await operator.post(`/imagetransfers/${transfer.json.id}/finalize`)).status).toBe(200);
  await operator.untilPhase(`/imagetransfers/${transfer.json.id}`, "finished_success");
  expect((await operator.post(`${path}/finalize`)).status).toBe(200);
  await operator.untilPhase(path, "succeeded");
  expect((await operator.post(`/vms/${vmId}/snapshots`, { description: "no" })).status).toBe(403);
  expect((await operator.post("/vms", { name: "n", cluster: { name: "live" } })).status).toBe(403);
  expect((await operator.post("/events", { origin: "x", custom_id: 1 })).status).toBe(403);
});

test("a plain user sees only what a permission reaches, without hosts, and cannot ask for more", async () => {
  const [seen] = (await owner.get("/vms?max=1&search=sortby%20name")).json.vm;
  expect(seen.name).toBe("v");
  expect(seen).not.toHaveProperty("host");
  expect((await admin.get(`/vms/${vmId}`)).json).toHaveProperty("host");
  expect((await owner.get("/disks")).json.disk.map((disk: { alias: string }) => disk.alias)).toEqual(["d"]);
  expect((await owner.get("/clusters")).json.cluster.map((one: { name: string }) => one.name)).toEqual(["hybrid"]);
  const other = (await admin.get("/vms?search=name=other")).json.vm[0].id;
  expect((await owner.get(`/vms/${other}`)).status).toBe(404);
  expect((await owner.get(`/vms/${other}/diskattachments`)).status).toBe(404);
  expect((await owner.post(`/vms/${other}/start`)).status).toBe(403);
  expect((await owner.get("/vms", { filter: "false" })).status).toBe(403);
  expect((await admin.get("/vms", { filter: "true" })).json.vm).toHaveLength(3);
  expect((await owner.get("/vms?max=1&search=sortby%20name%20page%202")).json).toEqual({});
});

test("a permission on a data center reaches its VMs, from the moment it is given until it is taken away", async () => {
  const user = (await admin.get("/users?search=usrname=owner@internal")).json.user[0];
  const center = (await admin.get("/datacenters")).json.data_center[0].id;
  const path = `/datacenters/${center}/permissions`;
  const given = await admin.post(path, { role: { name: "VmCreator" }, user: { id: user.id } });
  expect(given).toMatchObject({ status: 201, json: { data_center: { id: center }, user: { id: user.id } } });
  expect((await owner.get("/vms")).json.vm).toHaveLength(3);
  expect((await admin.post(path, { role: { name: "VmCreator" }, user: { id: user.id } })).status).toBe(409);
  expect((await admin.get(`/users/${user.id}/permissions`)).json.permission).toHaveLength(2);
  expect((await admin.delete(`${path}/${given.json.id}`)).status).toBe(200);
  expect((await owner.get("/vms")).json.vm).toHaveLength(1);
});

test("roles are made of permits: a user role holds no administrator's, and the engine's own cannot be changed", async () => {
  const name = "Mine";
  const bad = { name, administrative: "false", permits: { permit: [{ name: "inject_external_events" }] } };
  expect((await admin.post("/roles", bad)).status).toBe(400);
  const made = await admin.post("/roles", { ...bad, permits: { permit: [{ name: "backup_disk" }] } });
  expect(made).toMatchObject({ status: 201, json: { name, administrative: "false", mutable: "true" } });
  const shown = (await admin.get(`/roles/${made.json.id}/permits`)).json.permit;
  expect(shown.map((one: { name: string }) => one.name)).toEqual(["backup_disk", "login"]);
  expect((await admin.delete(`/roles/${made.json.id}`)).status).toBe(200);
  expect((await admin.get(`/roles/${made.json.id}`)).status).toBe(404);
  const superUser = (await admin.get("/roles")).json.role.find((role: { name: string }) => role.name === "SuperUser");
  expect((await admin.delete(`/roles/${superUser.id}`)).status).toBe(400);
  expect((await admin.delete(`/roles/${roleId}`)).status).toBe(409);
  expect((await least.post("/roles", bad)).status).toBe(403);
});

test("a body in XML is asked for the same permits", async () => {
  const body = `<backup><disks><disk id="${diskId}"/></disks></backup>`;
  await admin.delete(`/roles/${roleId}/permits/${await permitId("backup_disk")}`);
  const headers = { "content-type": "application/xml" };
  expect((await least.call("POST", `/vms/${vmId}/backups`, { body, headers })).status).toBe(403);
  await admin.post(`/roles/${roleId}/permits`, { name: "backup_disk" });
});
