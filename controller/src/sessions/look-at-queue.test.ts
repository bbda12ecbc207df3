import type { SessionId, TaskId } from "@holdfast/shared/ids/ids";
import { afterEach, beforeEach, expect, it } from "vitest";
import { insertTask } from "../database/tasks-table.ts";
import { type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { testTask } from "../testing/test-rows.ts";
import { lookAtQueue, lookMs } from "./look-at-queue.ts";

let bench: TestBench;
let nowMs = 1_000;
beforeEach(async () => {
  bench = await openTestBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const look = async (): Promise<readonly string[]> => {
  const clock = { ...bench.deps.clock, monotonicMs: () => nowMs };
  return (await lookAtQueue({ ...bench.deps, clock })).map(({ task }) => task.taskId);
};

const add = (taskId: string): Promise<void> =>
  insertTask(
    bench.deps.database.queries,
    testTask({ taskId: taskId as TaskId, sessionId: "s1" as SessionId, vmId: `id-${taskId}`, state: "waiting" }),
  );

it("shares one judgement between all that look within a moment, and judges afresh after it", async () => {
  await add("first");
  expect(await look()).toStrictEqual(["first"]);
  await add("second");
  nowMs += lookMs - 1;
  expect(await look()).toStrictEqual(["first"]);
  nowMs += 1;
  expect(await look()).toStrictEqual(["first", "second"]);
});
