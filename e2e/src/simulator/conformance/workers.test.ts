import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { isRunning } from "@holdfast/shared/process/process-state";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { type Lab, startLab } from "../testing/lab.ts";
import {
  act,
  guestDir,
  makeVm,
  readRecord,
  startWith,
  statusesOf,
  untilRecorded,
  untilStatus,
  userData,
  workerConfig,
} from "../testing/worker-lab.ts";

let lab: Lab;
let api: ApiClient;

beforeAll(async () => {
  process.env["HOLDFAST_AGENT_SLOTS"] = "9";
  process.env["HOLDFAST_TEST_RUN"] ??= "simulator-workers";
  lab = await startLab(workerConfig({ guest: { ...workerConfig().guest, env: { HOLDFAST_AGENT_LANES: "1" } } }));
  api = await loggedIn(lab);
});

afterAll(async () => {
  delete process.env["HOLDFAST_AGENT_SLOTS"];
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("a VM of a worker's template runs a program that only user data configures", async () => {
  const id = await makeVm(api, "first", { description: "d", memory: 2 ** 28 });
  expect(await lab.control.workers.guestProcess(id)).toBeUndefined();
  const config = `joinToken: planted-secret\nreach: ${new URL(lab.addresses.control).port}\n`;
  const vm = await startWith(api, id, config);
  expect(vm).toMatchObject({ run_once: "true", description: "d", memory: String(2 ** 28) });
  expect(vm.host.id).toBeDefined();

  const [started] = await untilRecorded(lab, id, 1);
  expect(started).toMatchObject({ event: "started", config, reaches: true });
  expect(started.variables.toSorted()).toEqual([
    "HOLDFAST_AGENT_DATA_DIR",
    "HOLDFAST_AGENT_LANES",
    "HOLDFAST_TEST_RUN",
  ]);
  expect((await stat(join(guestDir(lab, id), "root/etc/holdfast/agent.yaml"))).mode & 0o777).toBe(0o600);
  expect(await lab.control.workers.toldAtStart(id)).toEqual({
    host_name: "worker",
    custom_script: userData(config),
    nic_configurations: {},
  });
  expect(await statusesOf(lab, id)).toEqual(["image_locked", "down", "wait_for_launch", "powering_up", "up"]);

  const console = await readFile(join(guestDir(lab, id), "console.log"), "utf8");
  expect(console).toContain("the stand-in runs");
  const world = await readFile(join(lab.directory, "s", "world.json"), "utf8");
  for (const text of [console, world]) expect(text).not.toContain("planted-secret");
});

test("a suspended VM's process stands still, no host carries it, and its resume goes on", async () => {
  const id = await makeVm(api, "sleeper");
  await startWith(api, id, "a: 1\n");
  await untilRecorded(lab, id, 1);
  const before = await lab.control.workers.guestProcess(id);
  await act(api, id, "suspend");
  const vm = await untilStatus(api, id, "suspended");
  expect(vm.host).toBeUndefined();
  expect(await lab.control.workers.guestProcess(id)).toEqual({ ...before, state: "T" });
  expect((await lab.control.leftovers()).runningVms).not.toContain(id);

  const again = await api.post(`/vms/${id}/start`, { use_cloud_init: true, vm: { initialization: {} } });
  expect([again.status, again.json.detail]).toEqual([409, "[Cannot run VM. VM is suspended.]"]);
  expect((await api.delete(`/vms/${id}`)).status).toBe(409);
  await act(api, id, "start");
  await untilStatus(api, id, "up");
  const after = await lab.control.workers.guestProcess(id);
  expect(after?.pid).toBe(before?.pid);
  expect(after?.state).not.toBe("T");
  expect((await statusesOf(lab, id)).slice(-4)).toEqual(["saving_state", "suspended", "restoring_state", "up"]);
  expect(await readRecord(lab, id)).toHaveLength(1);
});

test("a shutdown asks the guest, a stop does not, and what was written and enabled survives both", async () => {
  const id = await makeVm(api, "lasting");
  await startWith(api, id, "first: 1\n");
  await untilRecorded(lab, id, 1);
  await act(api, id, "shutdown");
  await untilStatus(api, id, "down");
  expect((await readRecord(lab, id)).map(({ event }) => event)).toEqual(["started", "asked to end"]);

  await act(api, id, "start");
  expect((await untilStatus(api, id, "up")).run_once).toBe("false");
  expect((await untilRecorded(lab, id, 3))[2]).toMatchObject({ event: "started", config: "first: 1\n" });
  const running = await lab.control.workers.guestProcess(id);
  await act(api, id, "stop");
  await untilStatus(api, id, "down");
  expect(await isRunning(running?.pid ?? 0, running?.startTime ?? 0)).toBe(false);
  expect(await readRecord(lab, id)).toHaveLength(3);

  await startWith(api, id, "second: 2\n");
  expect((await untilRecorded(lab, id, 4))[3]).toMatchObject({ config: "second: 2\n" });
  await act(api, id, "reboot");
  await api.until(`/vms/${id}`, ({ json }) => json.status === "up");
  expect((await untilRecorded(lab, id, 6)).map(({ event }) => event).slice(4)).toEqual(["asked to end", "started"]);
  expect(await statusesOf(lab, id)).toContain("reboot_in_progress");
});

test("a suspended VM can be powered off", async () => {
  const id = await makeVm(api, "off");
  await startWith(api, id, "a: 1\n");
  const frozen = await lab.control.workers.guestProcess(id);
  await act(api, id, "suspend");
  await untilStatus(api, id, "suspended");
  await act(api, id, "stop");
  await untilStatus(api, id, "down");
  expect(await isRunning(frozen?.pid ?? 0, frozen?.startTime ?? 0)).toBe(false);
});

test("a deleted VM takes its guest's files and its disk along; its history stays", async () => {
  const id = await makeVm(api, "brief");
  await startWith(api, id, "a: 1\n");
  expect((await api.delete(`/vms/${id}`)).json.detail).toBe("[Cannot remove VM. VM is running.]");
  const [{ id: diskId }] = (await api.get(`/vms/${id}/diskattachments`)).json.disk_attachment;
  await act(api, id, "stop");
  await untilStatus(api, id, "down");
  expect(existsSync(guestDir(lab, id))).toBe(true);
  expect((await api.delete(`/vms/${id}`)).status).toBe(200);
  await api.until(`/vms/${id}`, ({ status }) => status === 404);
  expect(existsSync(guestDir(lab, id))).toBe(false);
  expect((await api.get(`/disks/${diskId}`)).status).toBe(404);
  const history = await lab.control.vmHistory(id);
  expect(history).toMatchObject({ vmId: id, name: "brief" });
  expect(history.changes.at(-1)?.status).toBe("removed");
  const times = history.changes.map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});

test("a VM that is only detached leaves its disk", async () => {
  const id = await makeVm(api, "detached");
  const [{ id: diskId }] = (await api.get(`/vms/${id}/diskattachments`)).json.disk_attachment;
  await api.delete(`/vms/${id}?detach_only=true`);
  await api.until(`/vms/${id}`, ({ status }) => status === 404);
  expect((await api.get(`/disks/${diskId}`)).json.status).toBe("ok");
  await api.delete(`/disks/${diskId}`);
});

test("stored initialization is used when a start asks for it, and only then", async () => {
  const custom_script =
    'runcmd: ["systemctl start holdfast-agent"]\nwrite_files: [{ path: /etc/holdfast/agent.yaml }]\n';
  const id = await makeVm(api, "stored", { initialization: { host_name: "h", custom_script } });
  expect((await api.get(`/vms/${id}`)).json.initialization).toMatchObject({ host_name: "h", custom_script });
  await act(api, id, "start");
  await untilStatus(api, id, "up");
  expect(await lab.control.workers.guestProcess(id)).toBeUndefined();
  await act(api, id, "stop");
  await untilStatus(api, id, "down");
  await act(api, id, "start", { use_initialization: "true" });
  expect((await untilStatus(api, id, "up")).run_once).toBe("false");
  expect(await lab.control.workers.guestProcess(id)).toBeDefined();
});

test("user data that cannot be read starts nothing; the VM is up all the same", async () => {
  const id = await makeVm(api, "garbled");
  const initialization = { custom_script: "write_files: [secret" };
  await act(api, id, "start", { use_cloud_init: "true", vm: { initialization } });
  await untilStatus(api, id, "up");
  expect(await lab.control.workers.guestProcess(id)).toBeUndefined();
  const console = await readFile(join(guestDir(lab, id), "console.log"), "utf8");
  expect(console).toContain("the custom script is not YAML");
  expect(console).not.toContain("secret");
});

test("a guest that breaks leaves its VM up, without an address", async () => {
  const id = await makeVm(api, "broken");
  await startWith(api, id, "a: 1\n");
  const devices = async () => (await api.get(`/vms/${id}/reporteddevices`)).json.reported_device;
  expect(await devices()).toHaveLength(1);
  await lab.control.workers.breakGuest(id);
  expect(await lab.control.workers.guestProcess(id)).toBeUndefined();
  expect((await api.get(`/vms/${id}`)).json.status).toBe("up");
  expect(await devices()).toBeUndefined();
  await expect(lab.control.workers.breakGuest(id)).rejects.toThrow("nothing runs");
});
