import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { InstallationId, TaskId } from "@holdfast/shared/ids/ids";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import type { EventNotice } from "../hypervisor/events.ts";
import type { ManagerRegistry } from "../inventory/manager-registry.ts";
import { testSession, testTask } from "../testing/test-rows.ts";
import type { Finish } from "./finish-task.ts";
import { createPatience } from "./patience.ts";
import type { Task } from "./task.ts";
import { tellBegin, tellEnd } from "./tell-engine.ts";

const never = new AbortController().signal;

/** A manager whose engine keeps what is told, or answers with an error. */
const desk = (facts: { readonly task?: Partial<Task>; readonly refuses?: HoldfastError } = {}) => {
  const told: EventNotice[] = [];
  let asked = 0;
  let nowMs = 1;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const hypervisor = {
    postEvent: async (notice: EventNotice) => {
      asked += 1;
      if (facts.refuses !== undefined) throw facts.refuses;
      told.push(notice);
    },
  };
  const manager = { record: { name: "one" }, hypervisor };
  const deps = {
    managers: { find: () => manager } as unknown as ManagerRegistry,
    clock,
    log: memoryLogger(),
    patience: createPatience(clock),
    installationId: "inst" as InstallationId,
  };
  const what = { task: testTask(facts.task), session: testSession() };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { deps, what, told, asked: () => asked, pass };
};

const succeeded: Finish = { to: "succeeded" };
const failed: Finish = { to: "failed", code: "HEADROOM_LOST", message: "no room" };
const warned: Task["remarks"] = [
  { level: "warning", code: "CHECKPOINT_MISSING", message: "m", diskId: "d" },
  { level: "notice", code: "RAW_DISK", message: "m", diskId: "d" },
];
const place = "(job nightly, session s1, task t1)";

test("the engine's admin is told that a VM's backup begins", async () => {
  const { deps, what, told } = desk();
  expect(await tellBegin(deps, what, never)).toEqual([]);
  expect(told).toMatchObject([
    { severity: "normal", vmId: "v1", description: `Holdfast begins the backup of VM one ${place}` },
  ]);
});

test.each<[string, Finish, Partial<Task>, string, string]>([
  ["a success", succeeded, {}, "normal", `success ${place}`],
  ["a warning", succeeded, { remarks: warned }, "warning", `success with warnings CHECKPOINT_MISSING ${place}`],
  ["a failure", failed, {}, "error", `failed with HEADROOM_LOST: no room ${place}`],
  ["a cancellation", { to: "cancelled", message: "m" }, {}, "warning", `cancelled ${place}`],
])("the engine's admin is told how it ended: %s", async (...[, finish, task, severity, words]) => {
  const { deps, what, told } = desk({ task });
  await tellEnd(deps, what, finish, never);
  expect(told).toMatchObject([{ severity, vmId: "v1", description: `Holdfast ended the backup of VM one: ${words}` }]);
});

test("a repeat has the same number, the end another one than the begin, other tasks other ones", async () => {
  const { deps, what, told } = desk();
  await tellBegin(deps, what, never);
  await tellBegin(deps, what, never);
  await tellEnd(deps, what, succeeded, never);
  await tellBegin(deps, { ...what, task: { ...what.task, taskId: "t2" as TaskId } }, never);
  const ids = told.map(({ customId }) => customId);
  expect(ids[0]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(id).toBeLessThan(2 ** 31);
});

test("nothing is told of a copy, which no engine has a part in", async () => {
  const { deps, what, told } = desk();
  const scope = { v: 1, kind: "copy", sourceRepositoryId: "r2", pointId: "p" } as unknown as Task["scope"];
  await tellEnd(deps, { ...what, task: { ...what.task, scope } }, succeeded, never);
  expect(told).toEqual([]);
});

test("a missing permit is told once a manager, fails nothing, and the engine is left alone for an hour", async () => {
  const { deps, what, asked, pass } = desk({ refuses: new HoldfastError("ENGINE_FORBIDDEN", "may not") });
  expect(await tellBegin(deps, what, never)).toEqual([
    expect.objectContaining({ level: "notice", code: "EVENTS_REFUSED" }),
  ]);
  pass(60_000);
  expect(await tellEnd(deps, what, succeeded, never)).toEqual([]);
  expect(asked()).toBe(1);
  pass(3_600_000);
  expect(await tellEnd(deps, what, succeeded, never)).toHaveLength(1);
  expect(asked()).toBe(2);
});

test("an engine that does not answer is told nothing, and nothing fails", async () => {
  const { deps, what } = desk({ refuses: new HoldfastError("ENGINE_UNREACHABLE", "gone") });
  expect(await tellEnd(deps, what, failed, never)).toEqual([]);
});
