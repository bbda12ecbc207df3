import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { InventoryService } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { differenceOf, fingerprintOf } from "../harness/fingerprint.ts";
import { openAdministrator } from "../harness/engine-view.ts";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { openOtherProduct } from "../harness/other-product.ts";
import { openPointReader, type PointReader } from "../harness/point-reader.ts";
import { copyNextBackup } from "../harness/reference.ts";
import { neededCheckpoints } from "../harness/references.ts";
import { openSecondRepository, type SecondRepository } from "../harness/second-repository.ts";
import { type Story, openStory } from "../harness/story.ts";
import type { LabVm } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;
const filledMiB = 9;
const sampleChunks = 2;
const call = { timeoutMs: 60_000 };

let story: Story;
let lab: Lab;
let second: SecondRepository;
let reader: PointReader;
let secondReader: PointReader;

beforeAll(async () => {
  story = await openStory({
    labs: [twoClusters("ovirt")],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
  });
  lab = story.lab("ovirt");
  const { run, installation } = story;
  second = await openSecondRepository({ run, api: installation.api, name: "second" });
  await installation.api
    .service(RepositoryRegistryService)
    .addRepository({ name: "second", address: second.address }, call);
  const { controllerDir } = installation;
  reader = await openPointReader({ address: installation.repositoryAddress, controllerDir });
  secondReader = await openPointReader({ address: second.address, controllerDir });
});

afterAll(async () => {
  await reader?.[Symbol.asyncDispose]();
  await secondReader?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
  await story?.[Symbol.asyncDispose]();
});

/** A VM of one disk of 16 chunks, and a job of its name. */
const addVm = async (name: string, cluster = "east"): Promise<LabVm> => {
  const vm = await lab.control.addVm({
    name,
    cluster,
    status: "up",
    disks: [{ alias: `${name}_root`, size: 16 * MiB, fill: { seed: name, bytes: filledMiB * MiB } }],
  });
  await story.operator.createJob(name, [vm.id], { sampleChunks });
  return vm;
};

const diskOf = (vm: LabVm): string => present(vm.disks[0]).id;

const change = (vm: LabVm, chunk: number, seed: number): Promise<void> =>
  writeAsGuest(lab, { vmId: vm.id, diskId: diskOf(vm) }, [{ offset: chunk * MiB + 4096, length: 65_536 }], seed);

const checkpointsOf = async (vm: LabVm): Promise<readonly string[]> => [
  ...new Set((await lab.control.leftovers()).checkpoints.filter(({ vmId }) => vmId === vm.id).map(({ id }) => id)),
];

/** What the hosts served of the VM's disk while something ran. */
const readDuring = async (vm: LabVm, run: () => Promise<Session>) => {
  await lab.control.resetCounters();
  const session = await run();
  const { tickets } = await lab.control.counters();
  const served = tickets.filter(({ diskId }) => diskId === diskOf(vm)).reduce((sum, one) => sum + one.bytesRead, 0);
  return { session, served };
};

/** Runs a backup whose point must hold what the lab saw at its `ready`. */
const runRightly = async (vm: LabVm, run: () => Promise<Session>, from = reader): Promise<Session> => {
  copies += 1;
  const reference = await copyNextBackup(story, lab, vm.id, `copy-${copies}`);
  const session = await run();
  expect([Result.SUCCESS, Result.WARNING], describeSession(session)).toContain(session.result);
  const { pointId } = present(session.tasks[0]);
  const point = present((await from.list()).find((one) => one.pointId === pointId));
  const wanted = await fingerprintOf(reference.fileOf(diskOf(vm)));
  expect(differenceOf(await from.read(point, diskOf(vm)), wanted)).toBeUndefined();
  return session;
};
let copies = 0;

const diskIn = (session: Session) => present(session.tasks[0]?.disks[0]);
const codesIn = (session: Session): readonly string[] => present(session.tasks[0]).remarks.map(({ code }) => code);

test("what a run will read and how long it takes is unknown at first, and told after two runs", async () => {
  const vm = await addVm("told");
  const planned = async () => present((await story.operator.planJob("told")).vms[0]);
  const first = await planned();
  expect(first).toMatchObject({ disks: [{ mode: "full", reason: "no-base", basis: "what it occupies" }] });
  expect(Number(first.expectedBytes)).toBeGreaterThanOrEqual(filledMiB * MiB);
  expect(Number(first.expectedBytes)).toBeLessThanOrEqual(16 * MiB);
  expect(first.expectedSeconds).toBeUndefined();
  expect(first.timeBasis).toBe("no session has ended in this repository yet");

  await runRightly(vm, () => story.operator.runJob("told"));
  const after = await planned();
  expect(after).toMatchObject({
    disks: [{ mode: "incremental", words: expect.stringContaining("tracked its changes") }],
  });
  expect(after.expectedBytes).toBeUndefined();
  expect(after.disks[0]?.basis).toBe("no session has read it by its changes yet");

  await change(vm, 5, 1);
  await runRightly(vm, () => story.operator.runJob("told"));
  const { forecasts } = await story.installation.api.service(InventoryService).getVm({ vm: vm.id }, call);
  for (const plan of [await planned(), present(forecasts[0]?.plan)]) {
    expect(plan.expectedBytes).toBe(BigInt((1 + sampleChunks) * MiB));
    expect(plan.expectedSeconds).toBeGreaterThan(0n);
    expect(plan.timeBasis).toBe("the rate of one session of this VM that read likewise");
  }
  expect(forecasts).toMatchObject([{ jobName: "told" }]);
});

test("the hosts serve what each mode allows, and no byte more", async () => {
  const vm = await addVm("modes");
  const read = (run: () => Promise<Session>) => readDuring(vm, run);
  const full = await read(() => story.operator.runJob("modes"));
  expect([diskIn(full.session).mode, full.served]).toEqual(["full", filledMiB * MiB]);

  const idle = await read(() => story.operator.runJob("modes"));
  expect([diskIn(idle.session).mode, idle.served]).toEqual(["unchanged", sampleChunks * MiB]);

  await change(vm, 3, 2);
  const increment = await read(() => story.operator.runJob("modes"));
  expect([diskIn(increment.session).mode, increment.served]).toEqual(["incremental", (1 + sampleChunks) * MiB]);

  await change(vm, 12, 3);
  const active = await read(() => runRightly(vm, () => story.operator.runActiveFull("modes")));
  expect(active.session.result, describeSession(active.session)).toBe(Result.SUCCESS);
  expect(diskIn(active.session)).toMatchObject({
    mode: "full",
    reason: "active-full",
    bytes: { changedBytes: BigInt(MiB), storedBytes: BigInt(MiB), sampledBytes: 0n },
  });
  expect(active.served).toBe((filledMiB + 1) * MiB);

  const [checkpoint] = await checkpointsOf(vm);
  await lab.control.spoilCheckpoint(vm.id, present(checkpoint), "missing");
  const compare = await read(() => story.operator.runJob("modes"));
  expect([diskIn(compare.session).mode, compare.served]).toEqual(["compare", (filledMiB + 1) * MiB]);
  expect(diskIn(compare.session).bytes).toMatchObject({ storedBytes: 0n });
});

test("a disk that is left out is not opened at all", async () => {
  const vm = await addVm("partly");
  await lab.control.addDisk(vm.id, { alias: "partly_more", size: MiB });
  await story.operator.createJob("partly-more", [vm.id], { excludedDisks: ["partly:partly_root"] });
  const { session, served } = await readDuring(vm, () => story.operator.runJob("partly-more"));
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  const disks = present(session.tasks[0]).disks.map(({ alias, mode, reason }) => [alias, mode, reason]);
  expect(disks).toContainEqual(["partly_root", "skipped", "disk-excluded"]);
  expect(served).toBe(0);
});

test.each(["east", "west"])(
  "an active full in cluster %s finds what tracking missed, with its ranges, and relies on no checkpoint (policy 18)",
  async (cluster) => {
    const name = `missed-${cluster}`;
    const vm = await addVm(name, cluster);
    await story.operator.runJob(name);
    await change(vm, 3, 4);
    await lab.control.spoilCheckpoint(vm.id, present((await checkpointsOf(vm))[0]), "forgetful");
    await change(vm, 12, 5);

    const session = await runRightly(vm, () => story.operator.runActiveFull(name));
    expect(session.result, describeSession(session)).toBe(Result.WARNING);
    expect(diskIn(session)).toMatchObject({ mode: "full", reason: "tracking-missed" });
    expect(present(session.tasks[0]).remarks).toContainEqual(
      expect.objectContaining({
        level: "warning",
        code: "TRACKING_MISSED_CHANGES",
        diskId: diskOf(vm),
        message: expect.stringContaining(`1 chunks, bytes ${3 * MiB}-${4 * MiB - 1}`),
      }),
    );
    expect(await checkpointsOf(vm)).toEqual([]);

    const compared = await runRightly(vm, () => story.operator.runJob(name));
    expect(compared.result, describeSession(compared)).toBe(Result.SUCCESS);
    expect(diskIn(compared)).toMatchObject({ mode: "compare", reason: "base-untracked" });
    const next = await runRightly(vm, () => story.operator.runJob(name));
    expect(diskIn(next), describeSession(next)).toMatchObject({ mode: "unchanged" });
  },
);

test("two repositories keep their own base and checkpoint, two jobs into one share them; a lie drops both (R3)", async () => {
  const vm = await addVm("shared");
  await story.operator.createJob("shared-again", [vm.id], { sampleChunks });
  await story.operator.createJob("shared-second", [vm.id], { sampleChunks, repository: "second" });
  const run = (job: string) => runRightly(vm, () => story.operator.runJob(job));
  const runSecond = () => runRightly(vm, () => story.operator.runJob("shared-second"), secondReader);

  expect(diskIn(await run("shared"))).toMatchObject({ mode: "full" });
  await change(vm, 2, 6);
  expect(diskIn(await runSecond())).toMatchObject({ mode: "full", reason: "no-base" });
  expect(await checkpointsOf(vm)).toHaveLength(2);

  await change(vm, 4, 7);
  expect(diskIn(await run("shared-again"))).toMatchObject({
    mode: "incremental",
    bytes: { changedBytes: BigInt(2 * MiB) },
  });
  await change(vm, 6, 8);
  expect(diskIn(await runSecond())).toMatchObject({ mode: "incremental", bytes: { changedBytes: BigInt(2 * MiB) } });
  expect(await checkpointsOf(vm)).toHaveLength(2);

  await change(vm, 8, 9);
  for (const checkpoint of await checkpointsOf(vm)) await lab.control.spoilCheckpoint(vm.id, checkpoint, "forgetful");
  const lied = await runRightly(vm, () => story.operator.runActiveFull("shared"));
  expect(codesIn(lied)).toContain("TRACKING_MISSED_CHANGES");
  expect(await checkpointsOf(vm)).toEqual([]);
  const other = await runSecond();
  expect(diskIn(other), describeSession(other)).toMatchObject({ mode: "compare", reason: "tracking-lied-since" });
});

test("another product's checkpoint stays, ours of a failed attempt goes, and each increment builds on its own (R6)", async () => {
  const vm = await addVm("beside");
  await using product = await openOtherProduct(lab);
  const foreign = await product.backUp(vm.id, [diskOf(vm)], "another product");
  const run = () => runRightly(vm, () => story.operator.runJob("beside"));
  await run();
  await change(vm, 1, 10);
  await lab.control.failCapture(vm.id);
  const retried = await story.operator.runJob("beside");
  expect(codesIn(retried), describeSession(retried)).toContain("ATTEMPT_RETRIED");
  const own = (await checkpointsOf(vm)).filter((id) => id !== foreign);
  expect(own).toHaveLength(1);
  await change(vm, 2, 11);
  const next = await run();
  expect(diskIn(next), describeSession(next)).toMatchObject({ mode: "incremental" });
  const left = await checkpointsOf(vm);
  expect(left).toHaveLength(2);
  expect(left).toContain(foreign);
  expect(left).not.toContain(own[0]);
  const points = [...(await reader.list()), ...(await secondReader.list())];
  await expectNothingLeft(lab, { checkpoints: [foreign, ...neededCheckpoints(points)] });
});

test("a restore writes into no disk that exists: put back beside the old one, what was restored is new to tracking, and the old one is tracked on", async () => {
  const vm = await addVm("put-back");
  const run = () => runRightly(vm, () => story.operator.runJob("put-back"));
  await run();
  await change(vm, 3, 12);
  const restored = await story.operator.restoreDisk((await story.operator.newestPoint(vm.id)).pointId, diskOf(vm));
  expect(restored.result, describeSession(restored)).toBe(Result.SUCCESS);
  const { restoredDiskId } = diskIn(restored);
  expect(restoredDiskId).not.toBe(diskOf(vm));
  await using administrator = await openAdministrator(lab);
  const attachment = { interface: "virtio_scsi", active: "true", disk: { id: restoredDiskId } };
  expect((await administrator.post(`/vms/${vm.id}/diskattachments`, attachment)).status).toBe(201);

  const modesOf = (session: Session) =>
    new Map(present(session.tasks[0]).disks.map(({ diskId, mode, reason }) => [diskId, `${mode} ${reason}`]));
  const next = await run();
  expect(modesOf(next), describeSession(next)).toEqual(
    new Map([
      [diskOf(vm), "incremental tracking-good"],
      [restoredDiskId, "full new-disk"],
    ]),
  );
  const later = await run();
  expect([...modesOf(later).values()], describeSession(later)).toEqual([
    "unchanged tracking-good",
    "unchanged tracking-good",
  ]);
});
