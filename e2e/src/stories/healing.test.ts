import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { damageChunk } from "../harness/damage-chunk.ts";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { copyNextBackup, expectPointHolds, type Reference } from "../harness/reference.ts";
import { openStory, type Story } from "../harness/story.ts";
import type { LabVm } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;
const call = { timeoutMs: 60_000 };

let story: Story;
let lab: Lab;
let vm: LabVm;

/** What the lab saw of every point. */
const references = new Map<string, Reference>();

beforeAll(async () => {
  story = await openStory({
    labs: [
      {
        ...twoClusters("ovirt"),
        vms: [
          {
            name: "ill",
            cluster: "east",
            status: "up",
            disks: [{ alias: "ill_root", size: 16 * MiB, fill: { seed: "ill", bytes: 9 * MiB } }],
          },
        ],
      },
    ],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
  });
  lab = story.lab("ovirt");
  vm = present((await lab.control.listVms())[0]);
  await story.operator.createJob("ill", [vm.id]);
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

const disk = () => present(vm.disks[0]);

const change = (chunk: number, seed: number): Promise<void> =>
  writeAsGuest(lab, { vmId: vm.id, diskId: disk().id }, [{ offset: chunk * MiB + 4096, length: 65_536 }], seed);

const backUp = async (): Promise<{ readonly session: Session; readonly pointId: string }> => {
  const reference = await copyNextBackup(story, lab, vm.id, `reference-${references.size}`);
  const session = await story.operator.runJob("ill");
  const { pointId } = present(session.tasks[0]);
  references.set(pointId, reference);
  return { session, pointId };
};

const healths = async (): Promise<readonly string[]> =>
  (await story.operator.points(vm.id)).map(({ health }) => health);

const verifyPoint = async (pointId: string): Promise<Session> => {
  const { sessionId } = await story.installation.api.service(PointService).verifyPoint({ pointId }, call);
  return await story.operator.waitForEnd(sessionId);
};

const hurtRanges = async () => {
  const repositories = story.installation.api.service(RepositoryRegistryService);
  const found = [];
  for await (const { points } of repositories.listHurtPoints({ repository: "main" }, call))
    found.push(...points.map(({ pointId, ranges }) => ({ pointId, ranges })));
  return found;
};

const rangeOf = (firstChunk: number, chunks = 1) => ({ diskId: disk().id, alias: "ill_root", firstChunk, chunks });

test("a bad chunk of unchanged ranges is read again by the next increment, and heals every point that has its content", async () => {
  const first = await backUp();
  await change(3, 1);
  const second = await backUp();
  expect(second.session.result, describeSession(second.session)).toBe(Result.SUCCESS);
  await damageChunk(story.installation.repositoryDir, present(references.get(first.pointId)).fileOf(disk().id), MiB);

  const check = await verifyPoint(second.pointId);
  expect(check, describeSession(check)).toMatchObject({ kind: "point-verify", result: Result.WARNING });
  expect(await healths()).toStrictEqual(["hurt", "hurt"]);
  expect(await hurtRanges()).toMatchObject(
    [first.pointId, second.pointId].map((pointId) => ({ pointId, ranges: [rangeOf(1)] })),
  );

  await change(5, 2);
  const third = await backUp();
  expect(third.session.result, describeSession(third.session)).toBe(Result.WARNING);
  const [task] = third.session.tasks;
  expect(task?.disks).toMatchObject([{ mode: "incremental" }]);
  expect(third.session.bytes).toMatchObject({ readBytes: BigInt(2 * MiB), storedBytes: BigInt(2 * MiB) });
  const told = task?.remarks.find(({ code }) => code === "CHUNKS_HEALED");
  expect(told?.message).toContain("lost 1 chunks of the base");
  expect(told?.message).toContain("2 points are whole again, 0 older points of the VM stay hurt");
  expect(await healths()).toStrictEqual(["good", "good", "good"]);
  for (const [pointId, reference] of references) await expectPointHolds(story, pointId, [disk().id], reference);
});

test("where the content is another by now, older points stay hurt and are named, and the new point is good", async () => {
  const [oldest] = [...references.keys()];
  const reference = present(references.get(present(oldest))).fileOf(disk().id);
  await damageChunk(story.installation.repositoryDir, reference, 7 * MiB);
  const { sessionId } = await story.installation.api
    .service(RepositoryRegistryService)
    .verifyRepository({ repository: "main" }, call);
  const check = await story.operator.waitForEnd(sessionId);
  expect(check, describeSession(check)).toMatchObject({ kind: "repository-verify", result: Result.WARNING });
  expect(check.remarks.filter(({ code }) => code === "POINT_HURT")).toHaveLength(3);

  await change(7, 3);
  const fourth = await backUp();
  expect(fourth.session.result, describeSession(fourth.session)).toBe(Result.WARNING);
  expect(fourth.session.bytes).toMatchObject({ readBytes: BigInt(MiB) });
  expect(await healths()).toStrictEqual(["hurt", "hurt", "hurt", "good"]);
  const hurt = await hurtRanges();
  expect(hurt).toHaveLength(3);
  for (const { ranges } of hurt) expect(ranges).toMatchObject([{ ...rangeOf(7), code: "CHUNK_DAMAGED" }]);
  await expectPointHolds(story, fourth.pointId, [disk().id], present(references.get(fourth.pointId)));

  const next = await backUp();
  expect(next.session.result, describeSession(next.session)).toBe(Result.SUCCESS);
  const { checkpoints } = await lab.control.leftovers();
  expect(checkpoints).toHaveLength(1);
  await expectNothingLeft(lab, { checkpoints: checkpoints.map(({ id }) => id) });
});

test("a collection and the statistics are asked for through the controller, and say what they found", async () => {
  const repositories = story.installation.api.service(RepositoryRegistryService);
  const { sessionId } = await repositories.collectGarbage({ repository: "main", dryRun: true }, call);
  const session = await story.operator.waitForEnd(sessionId);
  expect(session, describeSession(session)).toMatchObject({ kind: "repository-gc", result: Result.SUCCESS });
  expect(session.remarks.map(({ code }) => code)).toContain("WOULD_COLLECT");

  let whole;
  const vms = [];
  for await (const part of repositories.getStatistics({ repository: "main" }, call)) {
    whole ??= part.whole;
    vms.push(...part.vms);
  }
  expect(whole).toMatchObject({ points: 5, vms: 1 });
  expect(vms).toMatchObject([{ vmId: vm.id, vmName: "ill", points: 5, sharedBytes: 0n }]);
  expect(vms[0]?.exclusiveBytes).toBe(whole?.liveBytes);
});

test("a job that asks for it has its newest points read back, and what it finds is healed by its next run", async () => {
  await story.operator.createJob("watched", [vm.id], { verifyAfter: true });
  const newest = present([...references.values()].at(-1));
  await damageChunk(story.installation.repositoryDir, newest.fileOf(disk().id), 2 * MiB);
  const run = async () => {
    const session = await story.operator.runJob("watched");
    const told = present(session.remarks.find(({ code }) => code === "VERIFICATION_BEGUN"));
    const check = await story.operator.waitForEnd(present(/session (\w+)$/.exec(told.message)?.[1]));
    return { session, check };
  };
  const first = await run();
  expect(first.session.result, describeSession(first.session)).toBe(Result.SUCCESS);
  expect(first.check, describeSession(first.check)).toMatchObject({ kind: "point-verify", result: Result.WARNING });
  const hurt = present(first.check.remarks.find(({ code }) => code === "POINT_HURT"));
  expect(hurt.message).toContain(
    `${present(first.session.tasks[0]).pointId} of VM ill is hurt: disk ${disk().id} chunks 2+1`,
  );

  const second = await run();
  expect(second.session.tasks[0]?.remarks.map(({ code }) => code)).toContain("CHUNKS_HEALED");
  expect(second.check.result, describeSession(second.check)).toBe(Result.SUCCESS);
  expect((await healths()).slice(-2)).toStrictEqual(["good", "good"]);
});
