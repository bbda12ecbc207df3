import type { AgentId } from "@holdfast/shared/ids/ids";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { usableManager } from "../backups/examine.ts";
import { listTasksOfSession } from "../database/tasks-table.ts";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import { type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { testAgent, testTask } from "../testing/test-rows.ts";
import { claimTask } from "./claim-task.ts";
import { runJanitor } from "./run-janitor.ts";
import type { CopyScope } from "./task-scope.ts";
import { whyReplaced } from "./why-replaced.ts";

let bench: TestBench;
beforeEach(async () => {
  bench = await openTestBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const manager = (): ManagerConnection => bench.deps.managers.get("one");
const taskNow = async () => (await listTasksOfSession(bench.deps.database.queries, "s1"))[0];
const until = (look: () => Promise<void>): Promise<void> => vi.waitFor(look, { timeout: 8_000, interval: 15 });
const replaced = new HoldfastError("MANAGER_REPLACED", "another engine answers");

test("a task that waits when its manager is replaced is given to no agent and fails at once", async () => {
  await bench.begin("s1", ["one"]);
  await until(async () => expect(await taskNow()).toMatchObject({ state: "waiting" }));
  await bench.deps.agents.hear(testAgent({ agentId: "ag" as AgentId, clusterName: "c1" }));
  await manager().note(replaced);

  const claim = { agentId: "ag", agentName: "agent", incarnation: "life1", freeSlots: 1 };
  expect(await claimTask(bench.deps, claim)).toBeUndefined();
  await until(async () =>
    expect(await taskNow()).toMatchObject({
      state: "failed",
      remarks: [{ level: "error", code: "MANAGER_REPLACED", message: "manager one: another engine answers" }],
    }),
  );
});

test("a copy of its points goes on: no engine has a part in it", async () => {
  await manager().note(replaced);
  const { managerId } = manager().record;
  const backup = testTask({ managerId });
  const copy = { ...backup, scope: { v: 1, kind: "copy", pointId: "p" } as CopyScope };
  expect(whyReplaced(backup, bench.deps.managers)).toContain("another engine answers");
  expect(whyReplaced(copy, bench.deps.managers)).toBeUndefined();
});

test("the janitor does not look at a replaced manager", async () => {
  await manager().note(replaced);
  await runJanitor(bench.deps, 1_000, AbortSignal.timeout(5_000));
  expect(bench.log.lines.filter(({ message }) => message.includes("janitor"))).toEqual([]);
});

test("nothing is asked of a replaced manager on behalf of a VM", async () => {
  await manager().note(replaced);
  expect(() => usableManager(bench.deps, manager().record.managerId)).toThrow(
    expect.objectContaining({ code: "MANAGER_REPLACED", message: "manager one: another engine answers" }),
  );
});
