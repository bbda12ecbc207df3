import { systemClock } from "@holdfast/shared/clock/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../database/database.ts";
import { saveJob } from "../database/jobs-table.ts";
import { testJob } from "../testing/test-rows.ts";
import { definitionDigest } from "./definition-digest.ts";

let database: Database;
beforeEach(async () => {
  database = await openDatabase(":memory:", systemClock);
});
afterEach(() => database[Symbol.asyncDispose]());

/** What running jobs changes, and what nothing does. */
const runs: ReadonlySet<string> = new Set(["handled_ms", "created_ms"]);

test("everything that an operator can change in a job changes the digest, and running it does not", async () => {
  const { queries } = database;
  await saveJob(queries, testJob({ excludedDisks: [] }));
  await queries.deleteFrom("job_vms").execute();
  const row = await queries.selectFrom("jobs").selectAll().executeTakeFirstOrThrow();
  const before = await definitionDigest(queries, []);
  const changing: string[] = [];
  for (const [column, value] of Object.entries(row)) {
    const other: unknown = typeof value === "number" ? value + 1 : `${value}x`;
    await queries
      .updateTable("jobs")
      .set({ [column]: other })
      .execute();
    if ((await definitionDigest(queries, [])) !== before) changing.push(column);
    await queries
      .updateTable("jobs")
      .set({ [column]: value })
      .execute();
  }
  expect(changing).toEqual(Object.keys(row).filter((column) => !runs.has(column)));
});
