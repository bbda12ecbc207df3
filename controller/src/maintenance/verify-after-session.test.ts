import { PointHealth } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { createFakeClock, type FakeClock } from "@holdfast/shared/clock/fake-clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../database/database.ts";
import { saveJob } from "../database/jobs-table.ts";
import { listOpenMaintenance } from "../database/maintenance-table.ts";
import { findSession } from "../database/sessions-table.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { createChangeFeed } from "../sessions/change-feed.ts";
import type { Session } from "../sessions/session.ts";
import type { Task } from "../sessions/task.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { testJob, testSession, testTask } from "../testing/test-rows.ts";
import { createMaintenanceBoard } from "./maintenance-board.ts";
import { operations } from "./operations.ts";
import { type MaintenanceDeps, stepMaintenance } from "./step-maintenance.ts";
import { createJobVerification } from "./verify-after-session.ts";

let clock: FakeClock;
let database: Database;
let deps: MaintenanceDeps;
/** Points that were read back, in order. */
let read: string[];
let damaged: ReadonlySet<string>;
/** Thrown instead of reading that point, once. */
let failure: { readonly pointId: string; readonly error: HoldfastError } | undefined;

const points = [
  { pointId: "old", capturedMs: 1n, health: PointHealth.GOOD, removedMs: 0n },
  { pointId: "older-than-hurt", capturedMs: 2n, health: PointHealth.GOOD, removedMs: 0n },
  { pointId: "hurt", capturedMs: 3n, health: PointHealth.HURT, removedMs: 0n },
];

const repository = {
  repositoryId: "r1",
  name: "main",
  listPoints: ({ vm }: { vm: { vmId: string } }) => Promise.resolve(vm.vmId === "failed" ? points : []),
  verifyPoint: async function* (pointId: string) {
    if (failure?.pointId === pointId) {
      const { error } = failure;
      failure = undefined;
      throw error;
    }
    read.push(pointId);
    const range = { diskId: "d1", firstPosition: 7, count: 2 };
    yield {
      chunksTotal: 9,
      chunksVerified: 9,
      damaged: damaged.has(pointId) ? [{ range, code: "CHUNK_DAMAGED" }] : [],
    };
  },
} as unknown as RepositoryConnection;

beforeEach(async () => {
  clock = createFakeClock(1000);
  database = await openDatabase(":memory:", clock);
  [read, damaged, failure] = [[], new Set(), undefined];
  const repositories = { get: () => repository } as unknown as WorkDeps["repositories"];
  const board = createMaintenanceBoard();
  const common = { database, clock, log: memoryLogger(), changes: createChangeFeed(), repositories };
  deps = { ...common, board, operations, patienceMs: 60_000 };
});

afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

const noSignal = new AbortController().signal;
const session = testSession({ state: "ending" });
const taskOf = (vmId: string, facts: Partial<Task>): Task =>
  testTask({ vmId, vmName: `VM-${vmId}`, repositoryId: "r1", state: "succeeded", pointId: `p-${vmId}`, ...facts });
const tasks = [taskOf("one", {}), taskOf("failed", { state: "failed", pointId: "" }), taskOf("two", {})];

const end = async (facts: Partial<Session> = {}) =>
  await createJobVerification(deps as unknown as WorkDeps)({ ...session, ...facts }, tasks, noSignal);

/** The one session that reads points back, after it was stepped until it ended. */
const verified = async (): Promise<Session> => {
  const [work, ...others] = await listOpenMaintenance(database.queries);
  if (work === undefined) throw new Error("nothing began");
  const { sessionId } = work;
  expect(others).toEqual([]);
  for (let steps = 0; steps < 3; steps += 1) await stepMaintenance(deps, sessionId, noSignal);
  const found = await findSession(database.queries, sessionId);
  if (found === undefined) throw new Error("no session");
  return found;
};

describe("verification after a session", () => {
  it("begins when the job asks for it, once, and not otherwise, nor for what was cancelled", async () => {
    await saveJob(database.queries, testJob({ verifyAfter: false }));
    expect(await end()).toEqual([]);
    await saveJob(database.queries, testJob({ verifyAfter: true }));
    expect(await end({ wish: "cancel" })).toEqual([]);
    expect(await end({ jobId: "another" })).toEqual([]);
    expect(await listOpenMaintenance(database.queries)).toEqual([]);

    const [remark] = await end();
    expect(await end()).toEqual([remark]);
    const [{ sessionId, kind } = {}, ...others] = await listOpenMaintenance(database.queries);
    expect([kind, others]).toEqual(["point-verify", []]);
    expect(remark).toMatchObject({ level: "notice", code: "VERIFICATION_BEGUN" });
    expect(remark?.message).toBe(`3 VMs have their newest good point read back: session ${sessionId}`);
  });

  it("reads what the session made, and of a VM that failed the newest good point of before", async () => {
    await saveJob(database.queries, testJob({ verifyAfter: true }));
    await end();
    expect(await verified()).toMatchObject({ state: "ended", result: "success", jobName: "job nightly, session s1" });
    expect(read).toEqual(["p-one", "older-than-hurt", "p-two"]);
  });

  it("names a hurt point with its VM and ranges, and is a warning", async () => {
    await saveJob(database.queries, testJob({ verifyAfter: true }));
    damaged = new Set(["p-two"]);
    await end();
    const { result, remarks } = await verified();
    expect(result).toBe("warning");
    expect(remarks.filter(({ level }) => level === "warning").map(({ message }) => message)).toEqual([
      "point p-two of VM VM-two is hurt: disk d1 chunks 7+2 (CHUNK_DAMAGED)",
    ]);
  });

  it("goes on where it was when the repository was away, and keeps what it had found", async () => {
    await saveJob(database.queries, testJob({ verifyAfter: true }));
    damaged = new Set(["p-one"]);
    failure = { pointId: "p-two", error: new HoldfastError("REPOSITORY_UNREACHABLE", "it is away") };
    await end();
    const { result, remarks } = await verified();
    expect(read).toEqual(["p-one", "older-than-hurt", "p-two"]);
    expect([result, remarks.map(({ code }) => code)]).toEqual([
      "warning",
      ["VERIFIED", "POINT_HURT", "VERIFIED", "VERIFIED"],
    ]);
  });

  it("passes over a point that was removed meanwhile", async () => {
    await saveJob(database.queries, testJob({ verifyAfter: true }));
    failure = { pointId: "p-one", error: new HoldfastError("POINT_NOT_FOUND", "it is gone") };
    await end();
    const { result, remarks } = await verified();
    expect(result).toBe("success");
    expect(remarks[0]).toMatchObject({ level: "notice", code: "NOT_VERIFIED" });
    expect(read).toEqual(["older-than-hurt", "p-two"]);
  });
});
