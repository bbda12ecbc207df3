import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import type { Session, Task } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { patientWithAgents } from "../harness/installation.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { openPointReader } from "../harness/point-reader.ts";
import { type Reference, copyNextBackup, expectPointHolds } from "../harness/reference.ts";
import { neededCheckpoints } from "../harness/references.ts";
import { type Story, openStory } from "../harness/story.ts";
import type { LabVm } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;
const call = { timeoutMs: 60_000 };

let story: Story;
let lab: Lab;

beforeAll(async () => {
  const labs = twoClusters("ovirt");
  story = await openStory({
    labs: [
      {
        ...labs,
        clusters: [...labs.clusters, { name: "north", version: "4.4" }],
        hosts: [...labs.hosts, { name: "ovirt-north-1", cluster: "north" }],
      },
      {
        ...twoClusters("ancient"),
        version: "4.3.10",
        vms: [{ name: "relic", cluster: "west", disks: [{ size: "1MiB" }] }],
      },
    ],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east", slots: 4 }],
    controllerEnv: () => patientWithAgents,
  });
  lab = story.lab("ovirt");
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

interface VmWish {
  readonly cluster?: "east" | "west" | "north";
  readonly status?: "up" | "down";
  readonly guestAgent?: boolean;
  readonly withRaw?: boolean;
}

const addVm = (name: string, { cluster = "east", status = "up", guestAgent = true, withRaw }: VmWish = {}) =>
  lab.control.addVm({
    name,
    cluster,
    status,
    guestAgent,
    disks: [
      { alias: `${name}_root`, size: 8 * MiB, fill: { seed: name, bytes: 3 * MiB } },
      ...(withRaw === true
        ? [
            {
              alias: `${name}_raw`,
              size: 4 * MiB,
              format: "raw" as const,
              fill: { seed: `${name}-raw`, bytes: 2 * MiB },
            },
          ]
        : []),
    ],
  });

const expectClean = async (): Promise<void> => {
  await using reader = await openPointReader(story.installation.door);
  await expectNothingLeft(lab, { checkpoints: neededCheckpoints(await reader.list()) });
};

const taskOf = (session: Session, vmName = session.tasks[0]?.vmName): Task =>
  present(session.tasks.find((task) => task.vmName === vmName));

const told = (task: Task): readonly string[] => task.remarks.map(({ level, code }) => `${level} ${code}`);

/** What the lab served of each disk since its counters were reset, by backups and snapshots alike. */
const servedOf = async (vm: LabVm): Promise<readonly number[]> => {
  const { tickets } = await lab.control.counters();
  const bytesOf = (id: string) => tickets.filter(({ diskId }) => diskId === id).map(({ bytesRead }) => bytesRead);
  return vm.disks.map(({ id }) => bytesOf(id).reduce((sum, bytes) => sum + bytes, 0));
};

const callsOf = async (route: string): Promise<number> => (await lab.control.counters()).calls[route] ?? 0;

/** Which capture each VM gets, and what its point says of consistency, with and without a guest agent. */
const guests = [
  { vm: "hybrid", wish: {}, capture: "hybrid", level: "filesystem" },
  { vm: "hybrid-mute", wish: { guestAgent: false }, capture: "hybrid", level: "crash" },
  { vm: "live", wish: { cluster: "west" }, capture: "live", level: "filesystem" },
  { vm: "live-mute", wish: { cluster: "west", guestAgent: false }, capture: "live", level: "crash" },
  { vm: "cold", wish: { cluster: "west", status: "down" }, capture: "cold", level: "offline" },
  { vm: "snap", wish: { way: "snapshot" }, capture: "snapshot", level: "filesystem" },
  { vm: "snap-mute", wish: { way: "snapshot", guestAgent: false }, capture: "snapshot", level: "crash" },
  { vm: "snap-down", wish: { way: "snapshot", status: "down" }, capture: "snapshot", level: "offline" },
] satisfies readonly {
  readonly vm: string;
  readonly wish: VmWish & { readonly way?: "snapshot" };
  readonly capture: string;
  readonly level: string;
}[];

test.each([
  { consistency: "none", missed: { result: Result.SUCCESS, code: undefined } },
  { consistency: "preferred", missed: { result: Result.WARNING, code: "warning CONSISTENCY_NOT_REACHED" } },
  { consistency: "required", missed: { result: Result.FAILED, code: undefined } },
] as const)(
  "consistency $consistency of every capture: the level is in the point, and a guest that was not frozen is told as the job wants it",
  async ({ consistency, missed }) => {
    const nameOf = (vm: string) => `${consistency}-${vm}`;
    for (const { vm, wish } of guests) await addVm(nameOf(vm), wish);
    const namesBy = (way: "auto" | "snapshot") =>
      guests.filter(({ wish }) => "way" in wish === (way === "snapshot")).map(({ vm }) => nameOf(vm));
    await story.operator.createJob(nameOf("auto"), namesBy("auto"), { consistency });
    await story.operator.createJob(nameOf("snapshot"), namesBy("snapshot"), { consistency, capture: "snapshot" });
    await lab.control.resetCounters();
    const ids = [await story.operator.startJob(nameOf("auto")), await story.operator.startJob(nameOf("snapshot"))];
    const sessions = [];
    for (const id of ids) sessions.push(await story.operator.waitForEnd(id));

    const points = story.installation.api.service(PointService);
    for (const { vm, capture, level } of guests) {
      const session = present(sessions.find(({ tasks }) => tasks.some(({ vmName }) => vmName === nameOf(vm))));
      const task = taskOf(session, nameOf(vm));
      const isMissed = level === "crash";
      expect(task.result, describeSession(session)).toBe(isMissed ? missed.result : Result.SUCCESS);
      expect(task.attempts, describeSession(session)).toHaveLength(1);
      if (isMissed && missed.result === Result.FAILED) {
        expect(task).toMatchObject({ pointId: "", attempts: [{ code: "CONSISTENCY_NOT_REACHED" }] });
        continue;
      }
      expect(told(task), describeSession(session)).toEqual(isMissed && missed.code !== undefined ? [missed.code] : []);
      expect(task, describeSession(session)).toMatchObject({ capture, consistency: level });
      const { point } = await points.getPoint({ pointId: task.pointId }, call);
      expect(point).toMatchObject({ capture, consistency: level });
    }
    const frozen = consistency === "required" ? 2 : 0;
    expect(await callsOf("POST /vms/:vm/freezefilesystems")).toBe(frozen);
    await expectClean();
  },
);

test.each(["up", "down"] as const)(
  "a snapshot of a VM that is %s holds every disk bit for bit, is read whole as the lab counts, and leaves nothing",
  async (status) => {
    const name = `whole-${status}`;
    const vm = await addVm(name, { status, withRaw: true });
    await story.operator.createJob(name, [vm.id], { capture: "snapshot" });
    const ids = vm.disks.map(({ id }) => id);
    const backUp = async (): Promise<{ readonly session: Session; readonly reference: Reference }> => {
      const reference = await copyNextBackup(
        story,
        lab,
        vm.id,
        `${name}-${(await story.operator.points(vm.id)).length}`,
      );
      await lab.control.resetCounters();
      const session = await story.operator.runJob(name);
      expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
      return { session, reference };
    };
    if (status === "up") await lab.control.startWriter(vm.id, { seed: 1, maxLengthBytes: MiB / 4, pauseMs: 5 });
    const first = await backUp();
    expect(taskOf(first.session)).toMatchObject({ capture: "snapshot", disks: [{ mode: "full" }, { mode: "full" }] });
    const second = await backUp();
    const task = taskOf(second.session);
    expect(task.disks).toMatchObject([
      { mode: "compare", reason: "base-untracked" },
      { mode: "compare", reason: "raw-disk" },
    ]);
    const read = task.disks.map(({ bytes }) => Number(bytes?.readBytes));
    expect(await servedOf(vm)).toEqual(read);
    if (status === "down") expect(second.session.bytes).toMatchObject({ storedBytes: 0n });
    if (status === "up") await lab.control.stopWriter(vm.id);
    await expectPointHolds(story, task.pointId, ids, second.reference);
    await expectClean();
  },
);

test("a backup API that refuses a VM for good leads to a snapshot in the same attempt; then changes are compared once, and tracked again", async () => {
  const vm = await addVm("refused");
  const disk = present(vm.disks[0]);
  await story.operator.createJob("refused", [vm.id]);
  const run = async () => {
    const reference = await copyNextBackup(story, lab, vm.id, `refused-${(await story.operator.points(vm.id)).length}`);
    await lab.control.resetCounters();
    const task = taskOf(await story.operator.runJob("refused"));
    return { task, expectHolds: () => expectPointHolds(story, task.pointId, [disk.id], reference) };
  };
  const write = (chunk: number) =>
    writeAsGuest(lab, { vmId: vm.id, diskId: disk.id }, [{ offset: chunk * MiB, length: 65_536 }], chunk);
  expect((await run()).task).toMatchObject({ result: Result.SUCCESS, capture: "hybrid" });
  await write(1);
  await refuseBackups("[Cannot backup VM. Backup is not supported by the host (ovirt-east-1).]");
  const { task: refused, expectHolds } = await run();
  await lab.control.rules.clear();
  expect(told(refused)).toEqual(["warning BACKUP_API_REFUSED", "notice SNAPSHOT_CAPTURE"]);
  expect(refused.remarks[0]?.message).toContain("Backup is not supported by the host (ovirt-east-1)");
  expect(refused).toMatchObject({ result: Result.WARNING, capture: "snapshot", attempts: [{ number: 1 }] });
  expect(refused.disks).toMatchObject([
    { mode: "compare", reason: "snapshot-capture", bytes: { storedBytes: BigInt(MiB) } },
  ]);
  expect(await servedOf(vm)).toEqual([Number(refused.disks[0]?.bytes?.readBytes)]);

  await write(2);
  await expectHolds();
  const { task: compared } = await run();
  expect(compared).toMatchObject({ capture: "hybrid", disks: [{ mode: "compare", reason: "base-untracked" }] });
  await write(0);
  const { task: tracked, expectHolds: expectNewestHolds } = await run();
  expect(tracked).toMatchObject({
    result: Result.SUCCESS,
    disks: [{ mode: "incremental", bytes: { storedBytes: BigInt(MiB) } }],
  });
  await expectNewestHolds();
  await expectClean();
});

const refuseBackups = (detail: string): Promise<number> =>
  lab.control.rules.add({
    match: { call: "POST /vms/*/backups" },
    what: { kind: "status", status: 409, reason: "Operation Failed", detail },
  });

test("a job that insists on the backup API fails with its code, and nothing is left", async () => {
  await addVm("insists");
  await story.operator.createJob("insists", ["insists"], { capture: "backup-api" });
  await refuseBackups("[Cannot backup VM. Bitmaps operations are not supported.]");
  const session = await story.operator.runJob("insists");
  await lab.control.rules.clear();
  expect(taskOf(session), describeSession(session)).toMatchObject({
    result: Result.FAILED,
    attempts: [{ code: "CAPTURE_NOT_SUPPORTED" }],
  });
  await expectClean();
});

test.each([
  { status: "up", capture: "live" },
  { status: "down", capture: "cold" },
] as const)(
  "legacy on level 4.7 is $capture for a VM that is $status, and no snapshot is made",
  async ({ status, capture }) => {
    const name = `legacy-${status}`;
    const vm = await addVm(name, { status });
    await story.operator.createJob(name, [vm.id], { legacyCapture: true });
    const session = await story.operator.runJob(name);
    expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
    expect(taskOf(session).capture).toBe(capture);
    await expectClean();
  },
);

const planOf = async (job: string) =>
  present((await story.installation.api.service(JobService).planJob({ job }, call)).vms[0]);

test("what level and engine can do is known before: a level without cold captures is read from a snapshot, an old engine not at all", async () => {
  await addVm("old-level", { cluster: "north", status: "down" });
  await story.operator.createJob("old-level", ["old-level"]);
  const planned = await planOf("old-level");
  expect(planned).toMatchObject({ capture: "snapshot", remarks: [{ level: "notice", code: "SNAPSHOT_CAPTURE" }] });
  expect(planned.remarks[0]?.message).toContain("4.4, a cold capture needs 4.5");
  const session = await story.operator.runJob("old-level");
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(taskOf(session)).toMatchObject({ capture: "snapshot" });
  expect(told(taskOf(session))).toEqual(["notice SNAPSHOT_CAPTURE"]);
  await expectClean();

  await story.operator.createJob("relic", ["relic"]);
  expect(await planOf("relic")).toMatchObject({ remarks: [{ level: "error", code: "ENGINE_NOT_SUPPORTED" }] });
  const failed = await story.operator.runJob("relic");
  expect(taskOf(failed)).toMatchObject({ result: Result.FAILED, attempts: [] });
  const { checks } = await story.installation.api.service(ManagerService).testManager({ manager: "ancient" }, call);
  const version = checks.find(({ name }) => name === "engine version");
  expect(version).toMatchObject({ passed: false });
  expect(version?.message).toMatch(/the engine is 4\.3\.10\S*; 4\.4 or newer is needed/);
});
