import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import { openDatabase } from "../database/database.ts";
import { changeTask, findTask, insertTask } from "../database/tasks-table.ts";
import { testTask } from "../testing/test-rows.ts";
import { remarkTask } from "./finish-task.ts";
import type { Remark } from "./remark.ts";

const remark = (code: string): Remark => ({ level: "warning", code, message: "m", diskId: "" });

test("a remark is added to those that came since the task was read", async () => {
  await using database = await openDatabase(":memory:", systemClock);
  const read = testTask({ remarks: [remark("FIRST")] });
  await insertTask(database.queries, read);
  await changeTask(database.queries, read.taskId, { remarks: [remark("FIRST"), remark("MEANWHILE")] });
  await remarkTask(database.queries, read, [remark("LAST"), remark("FIRST")]);
  const found = await findTask(database.queries, read.taskId);
  expect(found?.remarks.map(({ code }) => code)).toStrictEqual(["FIRST", "MEANWHILE", "LAST"]);
});
