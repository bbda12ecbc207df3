import { expect, test } from "vitest";

import type { EngineEvent } from "../hypervisor/events.ts";
import { consistencyReached, judgeConsistency } from "./consistency.ts";

const event = (code: number): EngineEvent => ({
  index: code,
  code,
  severity: "normal",
  timeMs: 1,
  description: "",
  correlationId: "hf",
  vmId: "v",
});
const [begun, frozen, failed] = [event(10_766), event(10_767), event(10_764)];

test.each([
  ["offline", "down", false, []],
  ["filesystem", "up", true, [failed]],
  ["filesystem", "up", false, [begun, frozen]],
  ["filesystem", "up", false, [begun, failed, begun, frozen]],
  ["crash", "up", false, [begun, failed]],
  ["crash", "up", false, [begun]],
  ["crash", "up", false, []],
] as const)(
  "the level is %s for a VM that is %s, proven %s, with these events",
  (level, vmStatus, isProven, events) => {
    expect(consistencyReached({ vmStatus, isProven, events })).toBe(level);
  },
);

test("what was reached is enough, or nobody asked", () => {
  for (const level of ["offline", "filesystem"] as const) {
    expect(judgeConsistency("required", level, [])).toEqual([]);
    expect(judgeConsistency("preferred", level, [])).toEqual([]);
  }
  expect(judgeConsistency("none", "crash", [failed])).toEqual([]);
});

test.each([
  [[failed], "the engine could not freeze its guest's file systems"],
  [[], "the engine does not say that its guest's file systems were frozen"],
] as const)("what was not reached is a warning or an end, with its reason", (events, words) => {
  const [remark] = judgeConsistency("preferred", "crash", events);
  expect(remark).toMatchObject({ level: "warning", code: "CONSISTENCY_NOT_REACHED" });
  expect(remark?.message).toContain(words);
  const insist = () => judgeConsistency("required", "crash", events);
  expect(insist).toThrow(expect.objectContaining({ code: "CONSISTENCY_NOT_REACHED", message: words }));
});
