import { describe, expect, it } from "vitest";
import { attemptStates } from "./attempt-state.ts";
import { type Attempt, nextAttemptNumber } from "./attempt.ts";
import { resultOfSuccess, worstResult } from "./result.ts";
import { sessionStates } from "./session-state.ts";
import { workerStates } from "../workers/worker-state.ts";
import { holdingStates, openTaskStates, taskStates } from "./task-state.ts";

const attempt = (number: number, code = "", highestAttempt?: number): Attempt => {
  const ending = { v: 1, cause: "failed", code, message: "", retryable: true };
  return { number, ending: highestAttempt === undefined ? ending : { ...ending, highestAttempt } } as Attempt;
};

describe("the state machines", () => {
  it.each([taskStates, sessionStates, attemptStates, workerStates])(
    "of a $kind: every state is reached from the first",
    ({ table, names }) => {
      const seen = new Set<string>(names.slice(0, 1));
      for (const name of seen)
        for (const next of (table as Record<string, readonly string[]>)[name] ?? []) seen.add(next);
      expect([...seen].sort()).toStrictEqual([...names].sort());
    },
  );

  it("let a task be final only from a state in which no attempt is open", () => {
    const finals = taskStates.names.filter((name) => taskStates.isFinal(name));
    for (const name of holdingStates.filter((one) => one !== "settling")) {
      expect(finals.filter((to) => taskStates.canMove(name, to))).toStrictEqual([]);
    }
    expect([...openTaskStates, ...finals].sort()).toStrictEqual([...taskStates.names].sort());
  });
});

describe("attempt numbers", () => {
  it("start at 1 and go up by one", () => {
    expect(nextAttemptNumber([])).toBe(1);
    expect(nextAttemptNumber([attempt(1), attempt(2)])).toBe(3);
  });

  it("are above the highest that the repository names when it refuses one as retired (A9)", () => {
    expect(nextAttemptNumber([attempt(1, "ATTEMPT_FENCED", 6)])).toBe(7);
    expect(nextAttemptNumber([attempt(4, "ATTEMPT_FENCED", 2)])).toBe(5);
  });

  it("jump when the repository knows of attempts that we do not, and names none", () => {
    expect(nextAttemptNumber([attempt(1, "ATTEMPT_FENCED")])).toBe(3);
    expect(nextAttemptNumber([attempt(1, "ATTEMPT_FENCED"), attempt(3, "ATTEMPT_FENCED")])).toBe(7);
  });
});

describe("results", () => {
  it("of a session are the worst of its VMs", () => {
    expect(worstResult(["success", "warning"])).toBe("warning");
    expect(worstResult(["success", "cancelled", "warning"])).toBe("cancelled");
    expect(worstResult(["cancelled", "failed"])).toBe("failed");
    expect(worstResult([])).toBe("failed");
  });

  it("of a task are a success with notices, and a warning with more", () => {
    const remark = (level: "notice" | "warning") => ({ level, code: "C", message: "", diskId: "" });
    expect(resultOfSuccess([remark("notice")])).toBe("success");
    expect(resultOfSuccess([remark("notice"), remark("warning")])).toBe("warning");
  });
});
