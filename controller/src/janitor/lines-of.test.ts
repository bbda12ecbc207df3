import { expect, test } from "vitest";
import type { CleaningAction } from "./cleaning-actions.ts";
import { linesOf } from "./lines-of.ts";

const of = (taskId: string) => ({
  owner: { installationId: "inst", taskId, attemptNumber: 1, attemptId: "a" },
  reason: "",
});
const fence = (taskId: string): CleaningAction => ({ kind: "fence", ...of(taskId) });
const close = (taskId: string): CleaningAction => ({
  kind: "close-transfer",
  transferId: `of ${taskId}`,
  direction: "download",
  ...of(taskId),
});
const checkpoint = (taskId: string, vmId: string): CleaningAction => ({
  kind: "remove-checkpoint",
  vmId,
  checkpointId: `of ${taskId}`,
  ...of(taskId),
});

test("what an attempt left stays in order and waits for no other attempt; checkpoints come last, by their VMs", () => {
  const plan = [fence("t1"), fence("t2"), close("t1"), close("t2"), checkpoint("t1", "v1"), checkpoint("t3", "v1")];
  expect(linesOf(plan)).toEqual([
    [
      [fence("t1"), close("t1")],
      [fence("t2"), close("t2")],
    ],
    [[checkpoint("t1", "v1"), checkpoint("t3", "v1")]],
  ]);
});
