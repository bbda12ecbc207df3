import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../database/database.ts";
import { findTask, insertTask } from "../../database/tasks-table.ts";
import { testSession, testTask } from "../../testing/test-rows.ts";
import { createChangeFeed } from "../change-feed.ts";
import { createPatience } from "../patience.ts";
import type { TaskWork } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { workSettingsSchema } from "../work-settings.ts";
import { stepPending } from "./step-pending.ts";

const minuteMs = 60_000;
const task = testTask();
let nowMs = 0;
let database: Database;
let deps: WorkDeps;
beforeEach(async () => {
  nowMs = 1_000_000;
  const clock = { ...systemClock, nowMs: () => nowMs, monotonicMs: () => nowMs };
  database = await openDatabase(":memory:", clock);
  await insertTask(database.queries, task);
  deps = {
    database,
    clock,
    log: memoryLogger(),
    managers: { find: () => undefined },
    changes: createChangeFeed(),
    patience: createPatience(clock),
    settings: workSettingsSchema.parse({}),
  } as unknown as WorkDeps;
});
afterEach(() => database[Symbol.asyncDispose]());

const busy = new HoldfastError("VM_IN_BACKUP", "in backup");
const away = new HoldfastError("ENGINE_UNREACHABLE", "away");

/** Looks at the VM once, after so many minutes; answers the state and the last remark's code. */
const look = async (afterMinutes: number, finds: HoldfastError): Promise<readonly (string | undefined)[]> => {
  nowMs += afterMinutes * minuteMs;
  const work = { preflight: () => Promise.reject(finds) } as unknown as TaskWork;
  await stepPending(deps, { task, session: testSession(), work }, new AbortController().signal);
  const found = await findTask(database.queries, task.taskId);
  return [found?.state, found?.remarks.at(-1)?.code];
};

const waits = ["pending", undefined];

test("one failed look amid a long wait for a busy VM ends nothing", async () => {
  await look(0, busy);
  expect(await look(20, away)).toEqual(waits);
  expect(await look(1, busy)).toEqual(waits);
  expect(await look(5, away)).toEqual(waits);
});

test("an engine that stays away is given up after its own patience, however long the VM was busy before", async () => {
  await look(0, busy);
  await look(20, away);
  expect(await look(1.9, away)).toEqual(waits);
  expect(await look(0.1, away)).toEqual(["failed", "ENGINE_UNREACHABLE"]);
});

test("a busy VM is given up after its patience, whatever came between", async () => {
  await look(0, busy);
  await look(15, away);
  await look(1, busy);
  expect(await look(13.9, busy)).toEqual(waits);
  expect(await look(0.1, busy)).toEqual(["failed", "VM_IN_BACKUP"]);
});
