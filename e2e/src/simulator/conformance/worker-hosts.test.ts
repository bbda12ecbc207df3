import { afterAll, beforeAll, expect, test } from "vitest";

import { ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { type Lab, startLab } from "../testing/lab.ts";
import { act, makeVm, startWith, statusesOf, untilRecorded, untilStatus, workerConfig } from "../testing/worker-lab.ts";

const GiB = 2 ** 30;

let lab: Lab;
let api: ApiClient;
let hosts: Readonly<Record<string, string>>;

beforeAll(async () => {
  lab = await startLab(
    workerConfig({
      users: [
        { name: "admin@internal", password: "secret" },
        { name: "bob@internal", password: "b" },
      ],
      delays: { shutdownTimeoutMs: 100, bootTimeoutMs: 600_000 },
      hosts: [
        { name: "h1", cluster: "hybrid", memory: 2 * GiB },
        { name: "h2", cluster: "hybrid" },
        { name: "h3", cluster: "live" },
      ],
    }),
  );
  api = await loggedIn(lab);
  const rows: readonly Tree[] = (await api.get("/hosts")).json.host;
  hosts = Object.fromEntries(rows.map(({ name, id }) => [name, id]));
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const onlyOn = (host: string): Tree => ({ vm: { placement_policy: { hosts: { host: [{ id: hosts[host] }] } } } });
const pinnedTo = (host: string): Tree => ({
  placement_policy: { affinity: "pinned", hosts: { host: [{ id: hosts[host] }] } },
});
const memory = (bytes: number): Tree => ({ memory: String(bytes) });

const refusedStart = async (vmId: string, body: Tree = {}): Promise<string> => {
  const reply = await api.post(`/vms/${vmId}/start`, body);
  expect(reply.status).toBe(409);
  return reply.json.detail;
};

const hostOf = async (vmId: string): Promise<string> => (await untilStatus(api, vmId, "up")).host.id;

test("a host without room is passed, and a start with room nowhere is refused with every host's reason", async () => {
  const [big, small] = [await makeVm(api, "big", memory(3 * GiB)), await makeVm(api, "small", memory(2 * GiB))];
  await act(api, big, "start");
  expect(await hostOf(big)).toBe(hosts["h2"]);
  await lab.control.setHostMemory(hosts["h2"] ?? "", 4 * GiB);
  await act(api, small, "start");
  expect(await hostOf(small)).toBe(hosts["h1"]);
  const third = await makeVm(api, "third", memory(2 * GiB));
  const detail = await refusedStart(third);
  expect(detail).toMatch(/^\[Cannot run VM\. There is no host that satisfies current scheduling constraints\./);
  expect(detail).toContain(
    "host h1 did not satisfy internal filter Memory because its available memory is too low (0 MB)",
  );
  expect(detail).toContain(
    "host h2 did not satisfy internal filter Memory because its available memory is too low (1024 MB)",
  );
  expect(detail).not.toContain("h3");
  expect(await statusesOf(lab, third)).toEqual(["image_locked", "down"]);

  await act(api, small, "suspend");
  await untilStatus(api, small, "suspended");
  await act(api, third, "start");
  expect(await hostOf(third)).toBe(hosts["h1"]);
  expect(await refusedStart(small)).toContain("Memory");
  expect((await api.get(`/vms/${small}`)).json.status).toBe("suspended");
  for (const id of [big, third, small]) {
    await act(api, id, "stop");
    await untilStatus(api, id, "down");
  }
  await lab.control.setHostMemory(hosts["h2"] ?? "", null);
});

test("pins, this start's hosts and affinity groups are obeyed", async () => {
  const pinned = await makeVm(api, "pinned", pinnedTo("h2"));
  expect((await api.get(`/vms/${pinned}`)).json.placement_policy).toMatchObject({
    affinity: "pinned",
    hosts: { host: [{ id: hosts["h2"] }] },
  });
  expect(await refusedStart(pinned, onlyOn("h1"))).toContain("PinToHost");
  await act(api, pinned, "start");
  expect(await hostOf(pinned)).toBe(hosts["h2"]);

  const cluster = (await api.get(`/vms/${pinned}`)).json.cluster.id;
  const groups = `/clusters/${cluster}/affinitygroups`;
  const apart = { name: "apart", vms_rule: { enabled: "true", enforcing: "true", positive: "false" } };
  const group = (await api.post(groups, apart)).json;
  expect((await api.post(groups, apart)).status).toBe(409);
  const lone = await makeVm(api, "lone");
  for (const id of [pinned, lone]) expect((await api.post(`${groups}/${group.id}/vms`, { id })).status).toBe(201);
  expect((await api.get(`${groups}/${group.id}/vms`)).json.vm).toHaveLength(2);
  expect(await refusedStart(lone, onlyOn("h2"))).toContain("VmAffinityGroups");
  await act(api, lone, "start");
  expect(await hostOf(lone)).toBe(hosts["h1"]);
  expect((await api.get(`${groups}/${group.id}`)).json).toMatchObject({ name: "apart", broken: "false" });

  await act(api, lone, "stop");
  await untilStatus(api, lone, "down");
  expect((await api.delete(`${groups}/${group.id}/vms/${lone}`)).status).toBe(200);
  await act(api, lone, "start", onlyOn("h2"));
  expect(await hostOf(lone)).toBe(hosts["h2"]);
  expect((await api.delete(`${groups}/${group.id}`)).status).toBe(200);
  expect((await api.get(groups)).json).toEqual({});
});

test("a start is refused with the reasons that a test wants, for a VM that is still to be made", async () => {
  await lab.control.workers.refuseStart({ vm: "unlucky", reasons: ["The host h1 is on fire."] });
  const id = await makeVm(api, "unlucky");
  expect(await refusedStart(id)).toContain("The host h1 is on fire.");
  await act(api, id, "start");
  await untilStatus(api, id, "up");
});

test("starts that cannot be are refused in the engine's words", async () => {
  const id = await makeVm(api, "words");
  expect(await refusedStart(id, { use_cloud_init: true, use_sysprep: true })).toContain("Only one of");
  expect((await api.post(`/vms/${id}/suspend`)).json.detail).toBe("[Cannot suspend VM. VM is not up.]");
  expect((await api.post(`/vms/${id}/reboot`)).json.detail).toBe("[Cannot reboot VM. VM is not up.]");
  expect((await api.post(`/vms/${id}/stop`)).json.detail).toBe("[Cannot stop VM. VM is not running.]");
  expect((await api.post(`/vms/${id}/start`, { vm: { nonsense: 1 } })).status).toBe(400);
  for (const host of Object.values(hosts)) await lab.control.setHostStatus(host, "maintenance");
  expect(await refusedStart(id)).toBe(
    "[Cannot run VM. There is no host that satisfies current scheduling constraints.]",
  );
  for (const host of Object.values(hosts)) await lab.control.setHostStatus(host, "up");
});

test("a guest that ignores shutdown is shown as up again, and goes by a stop", async () => {
  const id = await makeVm(api, "deaf");
  await startWith(api, id, "a: 1\n");
  await untilRecorded(lab, id, 1);
  await lab.control.workers.ignoreShutdown("deaf");
  await act(api, id, "shutdown", { reason: "maintenance" });
  await untilStatus(api, id, "up");
  expect((await statusesOf(lab, id)).slice(-2)).toEqual(["powering_down", "up"]);
  expect(await lab.control.workers.guestProcess(id)).toBeDefined();
  expect(await untilRecorded(lab, id, 1)).toHaveLength(1);
  await lab.control.workers.ignoreShutdown("deaf", false);
  await act(api, id, "stop", { reason: "enough" });
  expect((await untilStatus(api, id, "down")).stop_reason).toBe("enough");
});

test("somebody else stops and deletes a VM", async () => {
  await using bob = new ApiClient(lab);
  await bob.login("bob@internal", "b");
  const id = await makeVm(api, "shared");
  await startWith(api, id, "a: 1\n");
  await act(bob, id, "stop");
  await untilStatus(api, id, "down");
  expect(await lab.control.workers.guestProcess(id)).toBeUndefined();
  await bob.delete(`/vms/${id}`);
  await api.until(`/vms/${id}`, ({ status }) => status === 404);
  const gone = (await lab.control.vmHistories()).find(({ name }) => name === "shared");
  expect(gone?.changes.at(-1)?.status).toBe("removed");
});

test("a VM that still boots can be stopped, and is not up afterwards", async () => {
  const id = await makeVm(api, "hasty", { template: { name: "dead" } });
  await act(api, id, "start");
  expect((await api.post(`/vms/${id}/start`)).json.detail).toBe("[Cannot run VM. VM is running.]");
  await untilStatus(api, id, "powering_up");
  await act(api, id, "stop");
  await untilStatus(api, id, "down");
  expect((await statusesOf(lab, id)).slice(-3)).toEqual(["powering_up", "powering_down", "down"]);
});

test("while a VM is made or suspended, nothing else can be done to it", async () => {
  const hour = 3_600_000;
  await lab.control.setDelays({ taskMs: hour });
  const wanted = { name: "locked", cluster: { name: "hybrid" }, template: { name: "worker" } };
  const { id } = (await api.post("/vms", wanted)).json;
  expect((await api.get(`/vms/${id}`)).json.status).toBe("image_locked");
  expect(await refusedStart(id)).toBe("[Cannot run VM. VM is locked. Please try again in a few minutes.]");
  expect((await api.delete(`/vms/${id}`)).status).toBe(409);

  await lab.control.setDelays({ taskMs: 0 });
  const other = await makeVm(api, "saving");
  await startWith(api, other, "a: 1\n");
  await lab.control.setDelays({ vmMs: hour });
  await act(api, other, "suspend");
  expect((await api.get(`/vms/${other}`)).json.status).toBe("saving_state");
  for (const action of ["start", "stop", "shutdown", "suspend"]) {
    const reply = await api.post(`/vms/${other}/${action}`);
    expect([reply.status, reply.json.detail]).toEqual([409, expect.stringContaining("VM is Saving/Restoring.")]);
  }
  await lab.control.setDelays({ vmMs: 0 });
});
