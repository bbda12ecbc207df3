import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { InventoryService } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { describeSession, present } from "../harness/operator.ts";
import { copyNextBackup, expectPointHolds } from "../harness/reference.ts";
import { type Story, openStory } from "../harness/story.ts";
import type { LabVm } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;
const call = { timeoutMs: 60_000 };

let story: Story;
let lab: Lab;

beforeAll(async () => {
  const config = twoClusters("ovirt");
  story = await openStory({
    labs: [
      {
        ...config,
        incrementalFrom: "4.4",
        clusters: [...config.clusters, { name: "old", version: "4.4" }],
        hosts: [...config.hosts, { name: "ovirt-old-1", cluster: "old" }],
      },
    ],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
  });
  lab = story.lab("ovirt");
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

/** A VM of one disk, and a job of its name. */
const addVm = async (name: string, cluster: string, disk: object = {}): Promise<LabVm> => {
  const vm = await lab.control.addVm({
    name,
    cluster,
    status: "up",
    disks: [{ alias: `${name}_root`, size: 16 * MiB, fill: { seed: name, bytes: 9 * MiB }, ...disk }],
  });
  await story.operator.createJob(name, [vm.id]);
  return vm;
};

const diskOf = (vm: LabVm): string => present(vm.disks[0]).id;

/** Backs a VM of its own job up, looks that the point holds what the lab saw at `ready`, and answers how its disk was read. */
const backUp = async (vm: LabVm) => {
  const reference = await copyNextBackup(
    story,
    lab,
    vm.id,
    `${vm.name}-${(await story.operator.points(vm.id)).length}`,
  );
  const session = await story.operator.runJob(vm.name);
  expect([Result.SUCCESS, Result.WARNING], describeSession(session)).toContain(session.result);
  const task = present(session.tasks[0]);
  await expectPointHolds(story, task.pointId, [diskOf(vm)], reference);
  return present(task.disks[0]);
};

test("below level 4.5 the disks without the engine's flag are named, and vm enable-tracking sets it for many at once", async () => {
  const inventory = story.installation.api.service(InventoryService);
  const vm = await addVm("flagless", "old", { incremental: false });
  await lab.control.addDisk(vm.id, { alias: "flagless_raw", size: MiB, format: "raw" });
  const modern = await addVm("modern", "east");

  const planned = present((await story.operator.planJob("flagless")).vms[0]);
  expect(planned.remarks.filter(({ code }) => code === "TRACKING_OFF").map(({ diskId }) => diskId)).toEqual([
    diskOf(vm),
  ]);
  const shown = async () => present((await inventory.getVm({ vm: vm.id }, call)).vm);
  await Array.fromAsync(inventory.listVms({ refresh: true }, call));
  expect((await shown()).disks.filter(({ trackingOff }) => trackingOff).map(({ diskId }) => diskId)).toEqual([
    diskOf(vm),
  ]);

  const ask = async (dryRun: boolean) =>
    (await inventory.enableTracking({ vms: [modern.id], job: "flagless", dryRun }, call)).disks.map(
      ({ vmName, alias, outcome }) => [vmName, alias, outcome],
    );
  const others = [
    ["flagless", "flagless_raw", "impossible"],
    ["modern", "modern_root", "not-needed"],
  ];
  const expected = (outcome: string) => expect.arrayContaining([["flagless", "flagless_root", outcome], ...others]);
  expect(await ask(true)).toEqual(expected("would-enable"));
  expect(await ask(false)).toEqual(expected("enabled"));
  expect(await ask(false)).toEqual(expected("already"));
  expect(present((await story.operator.planJob("flagless")).vms[0]).remarks.map(({ code }) => code)).not.toContain(
    "TRACKING_OFF",
  );
  await expect(inventory.enableTracking({ vms: [vm.id], disks: ["nosuch"] }, call)).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});

test("once the flag is set, a VM below level 4.5 is compared once and read by its changes from then on", async () => {
  const vm = await addVm("flagged", "old", { incremental: false });
  expect(await backUp(vm)).toMatchObject({ mode: "full", reason: "no-base" });
  expect(await backUp(vm)).toMatchObject({ mode: "compare", reason: "tracking-off" });
  const inventory = story.installation.api.service(InventoryService);
  const { disks } = await inventory.enableTracking({ vms: [vm.id] }, call);
  expect(disks.map(({ outcome }) => outcome)).toEqual(["enabled"]);
  expect(await backUp(vm)).toMatchObject({ mode: "compare", reason: "base-untracked" });
  await writeAsGuest(lab, { vmId: vm.id, diskId: diskOf(vm) }, [{ offset: 4 * MiB, length: 65_536 }], 12);
  expect(await backUp(vm)).toMatchObject({ mode: "incremental", bytes: { changedBytes: BigInt(MiB) } });
});
