import { systemClock } from "@holdfast/shared/clock/clock";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../database/database.ts";
import { saveJob } from "../database/jobs-table.ts";
import { listSessions } from "../database/sessions-table.ts";
import { listTasksOfSession } from "../database/tasks-table.ts";
import { noteWholeRead } from "../database/whole-reads-table.ts";
import { createChangeFeed } from "../sessions/change-feed.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { testDisk, testInventory, testVm } from "../testing/scripted-engine.ts";
import { testJob, testManager } from "../testing/test-rows.ts";
import type { Job } from "./job.ts";
import { runSchedule } from "./run-schedule.ts";

/** 2026-11-28 is a Saturday; the job's time of that day was an hour ago. */
const nowMs = Date.parse("2026-11-28T23:00:00Z");
const daysAgo = (days: number): number => nowMs - days * 86_400_000;
const disk = (id: string) => ({ ...testDisk(id, "sd"), actualBytes: 100 });
const inventory = testInventory(
  ["v1", "v2"].map((id) => testVm(id, "c1", { id, disks: [disk(`${id}-a`), disk(`${id}-b`)] })),
);

let database: Database;
beforeEach(async () => {
  database = await openDatabase(":memory:", systemClock);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

/** Runs what is due; the words of each VM's scope, and of the session's remarks. */
const runDue = async (facts: Partial<Job>) => {
  await saveJob(database.queries, testJob({ excludedDisks: [], handledMs: daysAgo(0.5), ...facts }));
  const deps = {
    database,
    clock: { ...systemClock, nowMs: () => nowMs },
    log: memoryLogger(),
    changes: createChangeFeed(),
    managers: { find: () => ({ record: testManager(), inventory }) },
  };
  await runSchedule(deps as unknown as WorkDeps);
  const [session] = await listSessions(database.queries, { limit: 1 });
  const tasks = session === undefined ? [] : await listTasksOfSession(database.queries, session.sessionId);
  return {
    reads: Object.fromEntries(
      tasks.map(({ vmId, scope }) => [vmId, scope.kind === "backup" ? scope.wholeRead : "no backup"]),
    ),
    scopes: tasks.map(({ scope }) => scope),
    remarks: session?.remarks ?? [],
  };
};

const readWhole = async (vmId: string, readMs: number): Promise<void> =>
  noteWholeRead(database.queries, { engineInstanceId: "e1", vmId, repositoryId: "r1" }, readMs);

test("a scheduled run on a chosen day is an active full of every VM; the day is that of its nominal time in its zone", async () => {
  expect((await runDue({ activeFullOn: "sat" })).reads).toEqual({ v1: "active-full", v2: "active-full" });
});

test("on another day it is an ordinary one, for in the job's zone it is still Friday, or Saturday is not chosen", async () => {
  expect((await runDue({ activeFullOn: "sun,fri" })).reads).toEqual({ v1: undefined, v2: undefined });
});

test("a VM that was not read whole for the period is audited; one of which nothing is known is not", async () => {
  await readWhole("v1", daysAgo(91));
  expect((await runDue({ auditDays: 90 })).reads).toEqual({ v1: "audit", v2: undefined });
});

test("off is off", async () => {
  await readWhole("v1", daysAgo(1_000));
  expect((await runDue({ auditDays: 0 })).reads).toEqual({ v1: undefined, v2: undefined });
});

test("what does not fit into the night waits for another one, and is named", async () => {
  await readWhole("v1", daysAgo(100));
  await readWhole("v2", daysAgo(200));
  const { reads, remarks } = await runDue({ auditDays: 90, auditBytesPerNight: 399 });
  expect(reads).toEqual({ v1: undefined, v2: "audit" });
  expect(remarks).toMatchObject([
    { level: "notice", code: "AUDIT_POSTPONED", message: expect.stringMatching(/: one$/) },
  ]);
});

test("disks that the job leaves out count for nothing", async () => {
  await readWhole("v1", daysAgo(100));
  await readWhole("v2", daysAgo(200));
  const excludedDisks = [{ vmId: "v1", diskId: "v1-a" }];
  expect((await runDue({ auditDays: 90, auditBytesPerNight: 300, excludedDisks })).reads).toEqual({
    v1: "audit",
    v2: "audit",
  });
});

test("neither a disabled nor an unscheduled job runs on its chosen day (policy 19)", async () => {
  expect((await runDue({ activeFullOn: "sat", enabled: false })).reads).toEqual({});
  expect((await runDue({ activeFullOn: "sat", dailyAt: "" })).reads).toEqual({});
});

test("a job's own sample goes with its tasks", async () => {
  expect((await runDue({ sampleChunks: 5 })).scopes).toMatchObject([{ sampleChunks: 5 }, { sampleChunks: 5 }]);
});
