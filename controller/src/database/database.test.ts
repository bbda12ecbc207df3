import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testAgent, testAttempt, testJob, testManager, testSession, testTask } from "../testing/test-rows.ts";
import { listAgents, saveAgent } from "./agents-table.ts";
import {
  changeAttempt,
  findAttempt,
  findLastAttempt,
  insertAttempt,
  listUnfinishedAttempts,
  moveAttempt,
} from "./attempts-table.ts";
import { type Database, openDatabase } from "./database.ts";
import { describeTables } from "./describe-tables.ts";
import { findJob, listJobs, markHandled, removeJob, saveJob } from "./jobs-table.ts";
import { clearJournalOfAttempt, listJournalOfAttempt, listJournalOfManager, writeJournal } from "./journal-table.ts";
import { listManagers, markRefused, removeManager, saveManager } from "./managers-table.ts";
import { listRepositories, removeRepository, saveRepository } from "./repositories-table.ts";
import { findSession, insertSession, listOpenSessionIds, listSessions, moveSession } from "./sessions-table.ts";
import { readSetting, writeSetting } from "./settings-table.ts";
import { changeTask, findTask, findTaskHolding, insertTask, listOpenTasks, moveTask } from "./tasks-table.ts";
import { noteTrackingLied, trackingLiedMs } from "./tracking-lies-table.ts";
import {
  forgetUnknownAttempts,
  listUnfenced,
  rememberFenced,
  rememberUnknownAttempt,
} from "./unknown-attempts-table.ts";
import { countFrom, lastWholeRead, noteWholeRead } from "./whole-reads-table.ts";
import { listWorkers } from "./workers-table.ts";

let folder: string;
let database: Database;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-db-"));
  database = await openDatabase(join(folder, "controller.db"), systemClock);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe("the database", () => {
  it("gains tables and columns when it was made before there were any, and keeps its jobs", async () => {
    const { queries } = database;
    await saveJob(
      queries,
      testJob({ verifyAfter: true, capture: { way: "snapshot", legacy: true, consistency: "required" } }),
    );
    for (const column of ["verify_after", "capture", "legacy_capture", "consistency"])
      await queries.schema.alterTable("jobs").dropColumn(column).execute();
    await queries.schema.alterTable("managers").dropColumn("era").execute();
    for (const column of ["active_full_on", "audit_days", "audit_bytes", "sample_chunks"])
      await queries.schema.alterTable("jobs").dropColumn(column).execute();
    for (const index of ["tasks_by_vm_id_ended_ms", "tasks_by_repository_id_ended_ms"])
      await queries.schema.dropIndex(index).execute();
    for (const table of ["workers", "maintenance", "repository_keys", "whole_reads", "tracking_lies"])
      await queries.schema.dropTable(table).execute();
    await queries.deleteFrom("schema_versions").where("version", ">=", 3).execute();
    await writeSetting(queries, "name", "kept");
    await database[Symbol.asyncDispose]();
    database = await openDatabase(join(folder, "controller.db"), systemClock);
    expect(await listWorkers(database.queries)).toStrictEqual([]);
    expect(await listJobs(database.queries)).toStrictEqual([
      testJob({ verifyAfter: false, auditDays: 90, auditBytesPerNight: 512 * 2 ** 30 }),
    ]);
    expect(await readSetting(database.queries, "name")).toBe("kept");
  });

  it("remembers when a VM was read whole, and begins to count only where nothing is known", async () => {
    const { queries } = database;
    const vm = { engineInstanceId: "e1", vmId: "v1", repositoryId: "r1" };
    await countFrom(queries, vm, 5);
    await countFrom(queries, vm, 9);
    expect(await lastWholeRead(queries, vm)).toBe(5);
    await noteWholeRead(queries, vm, 12);
    expect(await lastWholeRead(queries, vm)).toBe(12);
    expect(await lastWholeRead(queries, { ...vm, repositoryId: "r2" })).toBeUndefined();
  });

  it("remembers the last time that a VM's tracking lied", async () => {
    const vm = { engineInstanceId: "e1", vmId: "v1" };
    expect(await trackingLiedMs(database.queries, vm)).toBe(0);
    for (const liedMs of [5, 9]) await noteTrackingLied(database.queries, vm, liedMs);
    expect(await trackingLiedMs(database.queries, vm)).toBe(9);
    expect(await trackingLiedMs(database.queries, { ...vm, engineInstanceId: "e2" })).toBe(0);
  });

  it("opens again what it wrote, and refuses what a newer version wrote", async () => {
    await writeSetting(database.queries, "name", "value");
    await database.queries.insertInto("schema_versions").values({ version: 99, applied_ms: 0 }).execute();
    await database[Symbol.asyncDispose]();
    await expect(openDatabase(join(folder, "controller.db"), systemClock)).rejects.toMatchObject({
      code: "SCHEMA_TOO_NEW",
    });
    database = await openDatabase(":memory:", systemClock);
    expect(await readSetting(database.queries, "name")).toBeUndefined();
  });

  it("keeps nothing of a step that failed", async () => {
    const step = database.inTransaction(async (queries) => {
      await writeSetting(queries, "name", "value");
      throw new Error("in the middle");
    });
    await expect(step).rejects.toThrow("in the middle");
    expect(await readSetting(database.queries, "name")).toBeUndefined();
  });

  it("runs steps one after another", async () => {
    const add = (): Promise<void> =>
      database.inTransaction(async (queries) => {
        const before = Number((await readSetting(queries, "count")) ?? "0");
        await writeSetting(queries, "count", String(before + 1));
      });
    await Promise.all(Array.from({ length: 20 }, add));
    expect(await readSetting(database.queries, "count")).toBe("20");
  });

  it("keeps what it must on power failure: a write-ahead log, synchronous", async () => {
    const rows = await database.queries.selectFrom("settings").selectAll().execute();
    expect(rows).toStrictEqual([]);
    const tables = await describeTables();
    expect(tables).toContain("## tasks");
    expect(tables).toContain("| `password_sealed` | TEXT |");
  });
});

describe("definitions", () => {
  it("come back as they were saved, and change in place", async () => {
    const { queries } = database;
    const manager = testManager();
    await saveManager(queries, manager);
    await saveManager(queries, { ...manager, url: "https://other" });
    await markRefused(queries, manager.managerId, "wrong password");
    expect(await listManagers(queries)).toStrictEqual([
      { ...manager, url: "https://other", refusedReason: "wrong password" },
    ]);
    await removeManager(queries, manager.managerId);
    expect(await listManagers(queries)).toStrictEqual([]);

    const repository = { repositoryId: "r", name: "main", address: "127.0.0.1:1", createdMs: 5 };
    await saveRepository(queries, repository);
    expect(await listRepositories(queries)).toStrictEqual([repository]);
    await removeRepository(queries, "r");
    expect(await listRepositories(queries)).toStrictEqual([]);

    const agent = testAgent();
    await saveAgent(queries, agent);
    await saveAgent(queries, { ...agent, slots: 9 });
    expect(await listAgents(queries)).toStrictEqual([{ ...agent, slots: 9 }]);
  });

  it("keep a job with its VMs in order and its excluded disks", async () => {
    const job = testJob();
    await database.inTransaction((queries) => saveJob(queries, job));
    const { queries } = database;
    expect(await findJob(queries, job.name)).toStrictEqual(job);
    const [firstVm] = job.vms;
    const smaller = { ...job, vms: firstVm === undefined ? [] : [firstVm], excludedDisks: [] };
    await database.inTransaction((inner) => saveJob(inner, smaller));
    await markHandled(queries, job.jobId, 77);
    expect(await findJob(queries, job.jobId)).toStrictEqual({ ...smaller, handledMs: 77 });
    await database.inTransaction((inner) => removeJob(inner, job.jobId));
    expect(await listJobs(queries)).toStrictEqual([]);
  });
});

describe("sessions, tasks, attempts", () => {
  it("are written once: the same id again changes nothing", async () => {
    const { queries } = database;
    expect(await insertSession(queries, testSession())).toBe(true);
    expect(await insertSession(queries, testSession({ jobName: "other" }))).toBe(false);
    expect(await findSession(queries, "s1")).toStrictEqual(testSession());
    await insertTask(queries, testTask());
    await insertTask(queries, testTask({ vmName: "other" }));
    expect(await findTask(queries, "t1")).toStrictEqual(testTask());
    await insertAttempt(queries, testAttempt());
    await expect(insertAttempt(queries, testAttempt({ attemptId: "other" as never }))).rejects.toThrow("UNIQUE");
  });

  it("move only from the state in which they were read", async () => {
    const { queries } = database;
    await insertSession(queries, testSession());
    await insertTask(queries, testTask());
    await insertAttempt(queries, testAttempt());
    expect(await moveTask(queries, testTask(), "waiting", { doing: "waits" })).toBe(true);
    expect(await moveTask(queries, testTask(), "cancelled")).toBe(false);
    await expect(moveTask(queries, testTask({ state: "running" }), "succeeded")).rejects.toMatchObject({
      code: "ILLEGAL_TRANSITION",
    });
    expect(await findTask(queries, "t1")).toMatchObject({ state: "waiting", doing: "waits" });
    expect(await moveAttempt(queries, testAttempt(), "ending")).toBe(true);
    expect(await moveAttempt(queries, testAttempt(), "ending")).toBe(false);
    expect(await moveSession(queries, testSession(), "ending")).toBe(true);
    expect(await moveSession(queries, testSession(), "ending")).toBe(false);
    expect(await listOpenSessionIds(queries)).toStrictEqual(["s1"]);
    expect(await listSessions(queries, { activeOnly: true, limit: 5 })).toHaveLength(1);
  });

  it("say which task holds a VM", async () => {
    const { queries } = database;
    await insertTask(queries, testTask());
    expect(await findTaskHolding(queries, testTask())).toBeUndefined();
    await insertTask(queries, testTask({ taskId: "t2" as never, state: "uncertain" }));
    expect((await findTaskHolding(queries, testTask()))?.taskId).toBe("t2");
    expect(await findTaskHolding(queries, { engineInstanceId: "other", vmId: "v1" })).toBeUndefined();
    expect(await listOpenTasks(queries)).toHaveLength(2);
  });

  it("keep structured columns as they are, and refuse what they do not know", async () => {
    const { queries } = database;
    await insertTask(queries, testTask());
    const remarks = [{ level: "warning" as const, code: "C", message: "m", diskId: "" }];
    await changeTask(queries, "t1", { remarks, startedMs: 8 });
    expect(await findTask(queries, "t1")).toMatchObject({ remarks, startedMs: 8 });
    await queries.updateTable("tasks").set({ scope: '{"v":9,"kind":"backup"}' }).execute();
    await expect(findTask(queries, "t1")).rejects.toMatchObject({ code: "SCHEMA_TOO_NEW" });
  });

  it("give the last attempt and those that are not settled", async () => {
    const { queries } = database;
    await insertAttempt(queries, testAttempt({ state: "lost" }));
    await insertAttempt(queries, testAttempt({ number: 2, attemptId: "a2" as never }));
    await changeAttempt(queries, "a2", { prepared: { any: 1 }, fence: "retired", cleaned: true });
    expect(await findLastAttempt(queries, "t1")).toMatchObject({
      number: 2,
      prepared: { any: 1 },
      fence: "retired",
      cleaned: true,
    });
    expect((await listUnfinishedAttempts(queries)).map(({ number }) => number)).toStrictEqual([2]);
    expect(await findAttempt(queries, "none")).toBeUndefined();
  });
});

describe("the journal and unknown attempts", () => {
  it("keeps one entry of an object, with the newest facts, until the attempt is cleaned", async () => {
    const { queries } = database;
    const entry = {
      managerId: "m",
      taskId: "t1",
      attemptNumber: 1,
      attemptId: "a1",
      kind: "transfer",
      vmId: "v",
      objectId: "d",
      facts: {},
    } as const;
    await writeJournal(queries, entry, 1);
    await writeJournal(queries, { ...entry, facts: { transferId: "x" } }, 2);
    expect(await listJournalOfManager(queries, "m")).toStrictEqual([{ ...entry, facts: { transferId: "x" } }]);
    await clearJournalOfAttempt(queries, { taskId: "t1", number: 2 });
    expect(await listJournalOfAttempt(queries, { taskId: "t1", number: 1 })).toHaveLength(1);
    await clearJournalOfAttempt(queries, { taskId: "t1", number: 1 });
    expect(await listJournalOfManager(queries, "m")).toStrictEqual([]);
  });

  it("asks each repository for the fence of an unknown attempt until it answered, later ones too", async () => {
    const { queries } = database;
    const unknown = { taskId: "t9", number: 2, attemptId: "z" };
    expect(await rememberUnknownAttempt(queries, unknown, 1)).toBe(true);
    expect(await rememberUnknownAttempt(queries, unknown, 1)).toBe(false);
    await rememberFenced(queries, unknown, { repositoryId: "r1", fencedMs: 2 });
    expect(await listUnfenced(queries, "r1")).toStrictEqual([]);
    expect(await listUnfenced(queries, "r2")).toStrictEqual([unknown]);
    await forgetUnknownAttempts(queries, 5);
    expect(await listUnfenced(queries, "r2")).toStrictEqual([]);
  });
});
