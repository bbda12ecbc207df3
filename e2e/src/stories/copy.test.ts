import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { randomName } from "@holdfast/shared/ids/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { differenceOf, fingerprintOf } from "../harness/fingerprint.ts";
import { describeSession, present } from "../harness/operator.ts";
import { openPointReader, type RepositoryDoor } from "../harness/point-reader.ts";
import { repositoryAddressOf } from "../harness/installation.ts";
import { expectPointsIntact } from "../harness/references.ts";
import { openStage, type Stage, type StagedVm } from "../harness/stage.ts";

const MiB = 1024 * 1024;
const filledMiB = 32;

let stage: Stage;
let vm: StagedVm;
let offsite: RepositoryDoor;

beforeAll(async () => {
  stage = await openStage({ agents: ["east-1"], slots: 1 });
  await stage.addRepository({ name: "offsite" });
  offsite = { address: repositoryAddressOf(stage.run, "offsite"), controllerDir: stage.installation.controllerDir };
  vm = await stage.addVm("shop", { sizeMiB: filledMiB + 8, filledMiB });
  for (const seed of [1, 2, 3]) {
    const session = await stage.backUp(vm);
    expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
    if (seed < 3) await stage.change(vm, seed);
  }
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const startCopy = async () =>
  await stage.installation.api
    .service(RepositoryRegistryService)
    .copyPoints(
      { source: "main", target: "offsite", vms: [vm.name], requestId: randomName(16) },
      { timeoutMs: 60_000 },
    );

const ended = async (sessionId: string, result: Result): Promise<Session> => {
  const session = await stage.operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(result);
  return session;
};

const copies = async () =>
  (await stage.operator.points(vm.name)).filter(({ repositoryName }) => repositoryName === "offsite");

test("three points are copied, and when the agent is killed in the middle the next attempt sends only the rest", async () => {
  const { repositoryRelay: relay, installation } = stage;
  // More than the agent has on its way at once: part of it is stored by then.
  const inTheMiddle = relay.swallowAnswersOnce((bytes) => bytes > (filledMiB * MiB * 2) / 3);
  const { sessionId, points } = await startCopy();
  expect(points).toBe(3);
  await inTheMiddle;
  await installation.agent("east-1").kill();
  relay.cutSwallowed();
  await installation.agent("east-1").start();
  const session = await ended(sessionId, Result.WARNING);
  expect(session.kind).toBe("repository-copy");
  expect(session.tasks.map(({ attempts, result }) => [attempts.length, result])).toEqual([
    [2, Result.WARNING],
    [1, Result.SUCCESS],
    [1, Result.SUCCESS],
  ]);
  // What the first attempt stored is not read again.
  const { readBytes, storedBytes } = present(session.tasks[0]?.disks[0]?.bytes);
  expect(readBytes).toBe(storedBytes);
  expect(Number(storedBytes)).toBeGreaterThan(0);
  expect(Number(storedBytes)).toBeLessThan(filledMiB * MiB);
});

test("the copies say what the points say, name them, and hold the same bytes (R1)", async () => {
  const all = await stage.operator.points(vm.name);
  const originals = all.filter(({ repositoryName }) => repositoryName === "main");
  const said = (points: typeof all) =>
    points.map(({ vmId, vmName, jobName, capturedMs, sessionId }) => [vmId, vmName, jobName, capturedMs, sessionId]);
  expect(said(await copies())).toEqual(said(originals));
  expect(
    (await copies()).map(({ originPointId, originRepositoryName }) => [originRepositoryName, originPointId]),
  ).toEqual(originals.map(({ pointId }) => ["main", pointId]));
  expect(await expectPointsIntact(offsite, vm.references)).toHaveLength(3);
});

test("what is there already is not copied again", async () => {
  const again = await startCopy();
  expect(again).toMatchObject({ points: 0, skipped: 3 });
  const session = await ended(again.sessionId, Result.SUCCESS);
  expect(session.remarks.map(({ code }) => code)).toEqual(["NOTHING_TO_COPY", "COPIED_BEFORE"]);
});

test("the next increment at the target builds on the newest copy (R3)", async () => {
  const newest = present((await copies()).at(-1));
  await stage.change(vm, 3);
  await stage.operator.createJob("offsite", [vm.name], { repository: "offsite" });
  const session = await stage.operator.runJob("offsite");
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.tasks[0]).toMatchObject({ basePointId: newest.pointId, disks: [{ mode: "incremental" }] });
  await stage.expectSound(vm, 7);
});

test("a disk is restored from a copy, bit for bit (R1)", async () => {
  const copy = present((await copies()).findLast(({ originPointId }) => originPointId !== ""));
  const { diskId } = present(copy.disks[0]);
  const session = await stage.operator.restoreDisk(copy.pointId, diskId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  const restored = join(stage.run.dir, "restored.raw");
  await stage.lab.control.copyDisk(present(session.tasks[0]?.disks[0]).restoredDiskId, restored);
  await using reader = await openPointReader(offsite);
  const summary = present((await reader.list()).find(({ pointId }) => pointId === copy.pointId));
  expect(differenceOf(await fingerprintOf(restored), await vm.references.of(summary, diskId))).toBeUndefined();
});

test("a rescan tells what is there, and of which job", async () => {
  const { sessionId } = await stage.installation.api
    .service(RepositoryRegistryService)
    .rescanRepository({ repository: "offsite", requestId: randomName(16) }, { timeoutMs: 60_000 });
  const { remarks } = await ended(sessionId, Result.SUCCESS);
  expect(remarks.map(({ code }) => code)).toEqual(["RESCANNED", "VM_FOUND"]);
  expect(remarks[0]?.message).toContain("4 points of 1 VMs, 3 of them copies");
});
