import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { copyNextBackup, expectPointHolds } from "../harness/reference.ts";
import { type Story, openStory } from "../harness/story.ts";
import type { LabVm } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;
const clusters = { hybrid: "east", live: "west" } as const;

let story: Story;
let lab: Lab;

beforeAll(async () => {
  story = await openStory({
    labs: [twoClusters("ovirt")],
    agents: [
      { name: "east-1", manager: "ovirt", cluster: "east" },
      { name: "west-1", manager: "ovirt", cluster: "west" },
    ],
  });
  lab = story.lab("ovirt");
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

/** A VM with one disk of 16 chunks, a job of its name, and a first point. */
const addBackedUp = async (name: string, capture: keyof typeof clusters): Promise<LabVm> => {
  const vm = await lab.control.addVm({
    name,
    cluster: clusters[capture],
    status: "up",
    disks: [{ alias: `${name}_root`, size: 16 * MiB, fill: { seed: name, bytes: 9 * MiB } }],
  });
  await story.operator.createJob(name, [vm.id]);
  const first = await story.operator.runJob(name);
  expect(first.result, describeSession(first)).toBe(Result.SUCCESS);
  expect(first.tasks[0]).toMatchObject({ capture, disks: [{ mode: "full" }] });
  return vm;
};

const change = (vm: LabVm, chunk: number, seed: number): Promise<void> =>
  writeAsGuest(
    lab,
    { vmId: vm.id, diskId: present(vm.disks[0]).id },
    [{ offset: chunk * MiB + 4096, length: 65_536 }],
    seed,
  );

const checkpointOf = async (vm: LabVm): Promise<string> =>
  present((await lab.control.leftovers()).checkpoints.find(({ vmId }) => vmId === vm.id)).id;

/** Backs the VM up again; the new point must hold what the lab saw. */
const backUpRightly = async (vm: LabVm, folder: string): Promise<Session> => {
  const reference = await copyNextBackup(story, lab, vm.id, `${vm.name}-${folder}`);
  const session = await story.operator.runJob(vm.name);
  expect([Result.SUCCESS, Result.WARNING], describeSession(session)).toContain(session.result);
  const diskIds = vm.disks.map(({ id }) => id);
  await expectPointHolds(story, present(session.tasks[0]).pointId, diskIds, reference);
  return session;
};

const expectOnlyCheckpoints = async (): Promise<void> => {
  const { checkpoints } = await lab.control.leftovers();
  const one = [...new Map(checkpoints.map(({ vmId, id }) => [vmId, id])).values()];
  await expectNothingLeft(lab, { checkpoints: one });
};

test.each(["hybrid", "live"] as const)(
  "tracking that lies in a %s capture is found by the sample, and the point is right",
  async (capture) => {
    const vm = await addBackedUp(`liar-${capture}`, capture);
    await change(vm, 3, 1);
    await lab.control.spoilCheckpoint(vm.id, await checkpointOf(vm), "forgetful");
    await change(vm, 12, 2);

    const session = await backUpRightly(vm, "lie");
    expect(session.result, describeSession(session)).toBe(Result.WARNING);
    expect(session.tasks[0]).toMatchObject({ disks: [{ mode: "compare", reason: "tracking-lied" }] });
    expect(session.tasks[0]?.remarks).toContainEqual(
      expect.objectContaining({ level: "warning", code: "TRACKING_LIED", diskId: present(vm.disks[0]).id }),
    );

    const next = await backUpRightly(vm, "after");
    expect(next.result, describeSession(next)).toBe(Result.SUCCESS);
    expect(next.tasks[0]).toMatchObject({ disks: [{ mode: "unchanged" }] });
    await expectOnlyCheckpoints();
  },
);

const losses = [
  ["hybrid", "missing"],
  ["hybrid", "inconsistent"],
  ["live", "missing"],
  ["live", "inconsistent"],
] as const;

test.each(losses)(
  "a %s capture whose checkpoint is %s compares the whole disk, and says so (R3)",
  async (capture, damage) => {
    const vm = await addBackedUp(`${damage}-${capture}`, capture);
    const base = await checkpointOf(vm);
    await change(vm, 5, 3);
    if (damage === "inconsistent") {
      await lab.control.crashVm(vm.id);
      await lab.control.startVm(vm.id);
    } else await lab.control.spoilCheckpoint(vm.id, base, damage);

    const session = await backUpRightly(vm, "loss");
    expect(session.result, describeSession(session)).toBe(Result.WARNING);
    expect(session.tasks[0], describeSession(session)).toMatchObject({ disks: [{ mode: "compare" }] });
    const { reason } = present(session.tasks[0]?.disks[0]);
    expect(session.tasks[0]?.remarks.filter(({ level }) => level === "warning").map(({ code }) => code)).toContain(
      reason.toUpperCase().replaceAll("-", "_"),
    );

    const next = await backUpRightly(vm, "next");
    expect(next.tasks[0], describeSession(next)).toMatchObject({ disks: [{ mode: "unchanged" }] });
    await expectOnlyCheckpoints();
  },
);

test("a VM cloned from one that was backed up stores no chunk", async () => {
  const original = await addBackedUp("original", "hybrid");
  await lab.control.stopVm(original.id);
  const image = join(story.run.dir, "clone.raw");
  await lab.control.copyDisk(present(original.disks[0]).id, image);
  const clone = await lab.control.addVm({
    name: "clone",
    cluster: "west",
    status: "up",
    disks: [{ alias: "clone_root", fill: { image } }],
  });
  await story.operator.createJob("clone", [clone.id]);

  const session = await backUpRightly(clone, "first");
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.bytes).toMatchObject({
    plannedBytes: BigInt(16 * MiB),
    zeroBytes: BigInt(7 * MiB),
    deduplicatedBytes: BigInt(9 * MiB),
    storedBytes: 0n,
    packedBytes: 0n,
  });
});
