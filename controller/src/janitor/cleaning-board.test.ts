import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, test } from "vitest";
import type { PassResult } from "./clean-engine.ts";
import type { CleaningAction } from "./cleaning-actions.ts";
import { createCleaningBoard } from "./cleaning-board.ts";

const owner = { installationId: "inst", taskId: "t1", attemptNumber: 1, attemptId: "a1" };
const nothing: PassResult = { done: [], failed: [], left: [], unread: [], ending: 0 };
const removal = (snapshotId: string): CleaningAction => ({
  kind: "remove-snapshot",
  vmId: "v1",
  snapshotId,
  owner,
  reason: "nobody works on it",
});
const busy = new HoldfastError("ENGINE_CONFLICT", "the VM is locked");

test("an engine that was not looked at yet says so", () => {
  expect(createCleaningBoard().of("m1")).toMatchObject({ lookedMs: 0, cleaned: [], failed: [], left: [] });
});

test("what could not be cleaned is shown since when and how often it was tried, until it is done", () => {
  const board = createCleaningBoard();
  const pass: PassResult = { ...nothing, failed: [{ action: removal("s1"), error: busy }] };
  board.note("m1", pass, 1_000);
  board.note("m1", pass, 2_000);
  expect(board.of("m1").failed).toEqual([
    {
      what: "remove snapshot",
      objectId: "s1",
      vmId: "v1",
      taskId: "t1",
      code: "ENGINE_CONFLICT",
      reason: "the VM is locked",
      sinceMs: 1_000,
      tries: 2,
    },
  ]);
  board.note("m1", { ...nothing, done: [removal("s1")] }, 3_000);
  expect(board.of("m1")).toMatchObject({
    lookedMs: 3_000,
    failed: [],
    cleaned: [{ what: "remove snapshot", objectId: "s1", vmId: "v1", atMs: 3_000 }],
  });
  expect(board.of("m2").lookedMs).toBe(0);
});

test("a VM that cannot be looked at, and what is left on purpose, are shown; a pass that could not look keeps what is known", () => {
  const board = createCleaningBoard();
  const left = [{ what: "disk", id: "d1", reason: "vm web has it" } as const];
  board.note("m1", { ...nothing, left, unread: [{ vmId: "v2", error: busy }] }, 1_000);
  board.noteFailure("m1", new HoldfastError("ENGINE_UNREACHABLE", "no answer"), 2_000);
  expect(board.of("m1")).toMatchObject({
    lookedMs: 2_000,
    failure: "no answer",
    failed: [{ what: "look at VM", vmId: "v2", tries: 1 }],
    left: [{ what: "keep disk", objectId: "d1", code: "", reason: "vm web has it" }],
  });
});

test("of what was cleaned the last fifty are kept, the newest first", () => {
  const board = createCleaningBoard();
  for (let number = 1; number <= 60; number += 1)
    board.note("m1", { ...nothing, done: [removal(`s${number}`)] }, number);
  const { cleaned } = board.of("m1");
  expect(cleaned).toHaveLength(50);
  expect(cleaned[0]?.objectId).toBe("s60");
});
