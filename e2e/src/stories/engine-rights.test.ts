import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { type Check, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type NeededPermit, neededPermits } from "@holdfast/shared/rights/needed-permits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCommandLine } from "../harness/command-line.ts";
import { openAdministrator } from "../harness/engine-view.ts";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { type Lab, engineRole, twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { openPointReader } from "../harness/point-reader.ts";
import { copyNextBackup, expectDiskEquals } from "../harness/reference.ts";
import { neededCheckpoints } from "../harness/references.ts";
import { type Story, openStory } from "../harness/story.ts";
import type { LabVm } from "../simulator/control/control-client.ts";
import type { ApiClient, Tree } from "../simulator/testing/api-client.ts";

const MiB = 1024 * 1024;
const call = { timeoutMs: 60_000 };

let story: Story;
let lab: Lab;
let admin: ApiClient;
let roleId: string;
let vm: LabVm;

beforeAll(async () => {
  story = await openStory({
    labs: [twoClusters("ovirt")],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
  });
  lab = story.lab("ovirt");
  admin = await openAdministrator(lab);
  const roles: readonly Tree[] = (await admin.get("/roles")).json.role;
  roleId = roles.find(({ name }) => name === engineRole.name).id;
  const disks = [{ alias: "vm_root", size: 8 * MiB, fill: { seed: "vm", bytes: 4 * MiB } }];
  vm = await lab.control.addVm({ name: "vm", cluster: "east", status: "up", nics: [{ name: "nic1" }], disks });
  await story.operator.createJob("vm", [vm.id]);
});

afterAll(async () => {
  await admin?.[Symbol.asyncDispose]();
  await story?.[Symbol.asyncDispose]();
});

/** Does it while the role is without a permit. */
const without = async <Value>(permit: string, act: () => Promise<Value>): Promise<Value> => {
  const permits: readonly Tree[] = (await admin.get(`/roles/${roleId}/permits`)).json.permit;
  const { id } = permits.find(({ name }) => name === permit);
  expect((await admin.delete(`/roles/${roleId}/permits/${id}`)).status).toBe(200);
  try {
    return await act();
  } finally {
    expect((await admin.post(`/roles/${roleId}/permits`, { name: permit })).status).toBe(201);
  }
};

const checks = async (): Promise<readonly Check[]> =>
  (await story.installation.api.service(ManagerService).testManager({ manager: "ovirt" }, call)).checks;

const failed = async (): Promise<readonly string[]> =>
  (await checks()).filter(({ passed }) => !passed).map(({ name, message }) => `${name}: ${message}`);

test("with the documented role a manager passes its test, a VM is backed up, again, and restored", async () => {
  expect(await failed()).toEqual([]);
  const first = await story.operator.runJob("vm");
  expect(first.result, describeSession(first)).toBe(Result.SUCCESS);
  const diskId = present(vm.disks[0]).id;
  await writeAsGuest(lab, { vmId: vm.id, diskId }, [{ offset: 2 * MiB, length: 65_536 }], 1);
  const reference = await copyNextBackup(story, lab, vm.id, "second");
  const second = await story.operator.runJob("vm");
  expect(second.result, describeSession(second)).toBe(Result.SUCCESS);
  expect(second.tasks[0]?.disks).toMatchObject([{ mode: "incremental" }]);
  const point = await story.operator.newestPoint("vm");
  const restored = await story.operator.restoreVm(point.pointId, "vm-restored");
  expect(restored.result, describeSession(restored)).toBe(Result.SUCCESS);
  const made = present((await lab.control.listVms()).find(({ name }) => name === "vm-restored"));
  await expectDiskEquals(story, lab, present(made.disks[0]).id, reference.fileOf(diskId));
  await admin.delete(`/vms/${made.id}`);
});

test.each(neededPermits)("without $permit the manager's test names it and what does not work", async (needed) => {
  expect(await without(needed.permit, failed)).toEqual([lineOf(needed)]);
});

const lineOf = ({ permit, without: effect }: NeededPermit): unknown =>
  expect.stringContaining(`permit ${permit}: missing: ${effect}`);

test("the command shows the missing permit and ends with a code of its own", async () => {
  const holdfast = openCommandLine(story.run, story.installation);
  const said = await without("backup_disk", () => holdfast(["manager", "test", "ovirt"]));
  expect(said.code).not.toBe(0);
  expect(said.stdout).toMatch(/permit backup_disk +FAILED +missing: no backup is begun/);
  expect((await holdfast(["manager", "test", "ovirt"])).stdout).toMatch(/rights +ok +all \d+ permits are there/);
});

test.each(["backup_disk", "edit_disk_properties"])(
  "without %s a session fails with its name, leaves nothing, and works again when it is given back",
  async (permit) => {
    const session = await without(permit, () => story.operator.runJob("vm"));
    expect(session.result, describeSession(session)).toBe(Result.FAILED);
    expect(describeSession(session)).toContain(`it takes ${permit}`);
    await using reader = await openPointReader(story.installation.door);
    await expectNothingLeft(lab, { checkpoints: neededCheckpoints(await reader.list()) });
    const next = await story.operator.runJob("vm");
    expect(next.result, describeSession(next)).toBe(Result.SUCCESS);
  },
);
