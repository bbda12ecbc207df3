import { systemClock } from "@holdfast/shared/clock/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { insertAttempt } from "../database/attempts-table.ts";
import { type Database, openDatabase } from "../database/database.ts";
import { insertSession } from "../database/sessions-table.ts";
import { insertTask } from "../database/tasks-table.ts";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import { testAttempt, testManager, testSession, testTask } from "../testing/test-rows.ts";
import { formerWay } from "./capture-way.ts";
import { isDoubted } from "./is-doubted.ts";
import type { PreparedBackup } from "./prepared-backup.ts";

let database: Database;
beforeEach(async () => {
  database = await openDatabase(":memory:", systemClock);
  await insertSession(database.queries, testSession());
  await insertTask(database.queries, testTask());
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

const isDoubtedIn = (era: number): Promise<boolean> => {
  const managers = { get: () => ({ record: testManager({ era }) }) as ManagerConnection };
  return isDoubted({ database, managers: managers as never }, "m1", { pointId: "t1" });
};

const planned: PreparedBackup = {
  v: 1,
  stage: "planned",
  captureId: "b1",
  vmStatus: "up",
  vmName: "one",
  plan: { disks: [], fromCheckpointId: undefined, basePointId: undefined, remarks: [] },
  ovf: "",
  configurationJson: "{}",
  era: 2,
  way: formerWay,
  remarks: [],
};

const remember = (prepared: unknown): Promise<void> => insertAttempt(database.queries, testAttempt({ prepared }));

test("while a manager was never trusted anew, no point is doubted, known or not", async () => {
  expect(await isDoubtedIn(0)).toBe(false);
});

test("a point is doubted that was planned before its manager was trusted anew, and no other", async () => {
  await remember(planned);
  expect(await Promise.all([1, 2, 3].map(isDoubtedIn))).toEqual([false, false, true]);
});

test("a point is doubted whose attempts nobody remembers, or that was planned before there were eras", async () => {
  expect(await isDoubtedIn(1)).toBe(true);
  const { era: _unknown, ...old } = planned;
  await remember(old);
  expect(await isDoubtedIn(1)).toBe(true);
});

test("a point that was no backup of ours is doubted", async () => {
  await remember({ v: 1, stage: "ready" });
  expect(await isDoubtedIn(1)).toBe(true);
});
