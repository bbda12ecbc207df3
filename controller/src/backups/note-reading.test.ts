import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import { openDatabase } from "../database/database.ts";
import { trackingLiedMs } from "../database/tracking-lies-table.ts";
import { lastWholeRead } from "../database/whole-reads-table.ts";
import { noBytes } from "../sessions/byte-counts.ts";
import type { Standing } from "../sessions/task-work.ts";
import { testTask } from "../testing/test-rows.ts";
import { noteReading, wasReadWhole } from "./note-reading.ts";
import type { PreparedBackup } from "./prepared-backup.ts";

const modes = (...words: readonly string[]): boolean =>
  wasReadWhole(words.map((mode) => ({ diskId: mode, mode, reason: "", route: "", routeReason: "", bytes: noBytes })));

test("a VM was read whole when every disk that is in its point was", () => {
  expect(modes("full", "compare", "skipped")).toBe(true);
  expect(modes("full", "incremental")).toBe(false);
  expect(modes("unchanged")).toBe(false);
});

test("a VM of which nothing was read was not read whole", () => {
  expect([modes(), modes("skipped")]).toEqual([false, false]);
});

/** What is remembered after an attempt, captured at 7, whose disk came to this mode and reason. */
const remembered = async (standing: Standing, mode: string, reason: string) => {
  await using database = await openDatabase(":memory:", systemClock);
  const totals = [{ diskId: "d", mode, reason, route: "", routeReason: "", bytes: noBytes }];
  const task = testTask({ totals });
  const prepared = { stage: "ready", capturedMs: 7 } as PreparedBackup;
  await noteReading({ database }, task, { prepared, standing });
  return [await lastWholeRead(database.queries, task), await trackingLiedMs(database.queries, task)];
};

test("R3: that tracking lied is remembered even of an attempt that became no point", async () => {
  expect(await remembered("retired", "compare", "tracking-lied")).toEqual([undefined, 7]);
  expect(await remembered("uncertain", "full", "tracking-missed")).toEqual([undefined, 7]);
  expect(await remembered("committed", "full", "tracking-missed")).toEqual([7, 7]);
});

test("a first increment starts the time until its VM's audit", async () => {
  expect(await remembered("committed", "incremental", "tracking-good")).toEqual([7, 0]);
});
