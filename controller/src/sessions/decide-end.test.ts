import { describe, expect, it } from "vitest";
import type { Ending } from "./attempt.ts";
import { type EndFacts, decideEnd } from "./decide-end.ts";

const ending = (cause: Ending["cause"], retryable = true): Ending => ({
  v: 1,
  cause,
  code: "X",
  message: "why",
  retryable,
});
const facts: EndFacts = {
  ending: ending("failed"),
  fence: "retired",
  attempts: 1,
  maxAttempts: 3,
  wish: "run",
  retryDelayMs: 30_000,
};

describe("what comes after an attempt", () => {
  it.each(["succeeded", "failed", "lost", "cancelled"] as const)(
    "is a success when the fence names a point, though the attempt %s",
    (cause) => {
      for (const wish of ["run", "stop", "cancel"] as const) {
        expect(decideEnd({ ...facts, ending: ending(cause), fence: "committed", wish })).toStrictEqual({
          task: "succeeded",
          attempt: "succeeded",
        });
      }
    },
  );

  it("is another attempt after a retryable failure, after a rest", () => {
    expect(decideEnd(facts)).toStrictEqual({ task: "waiting", attempt: "failed", restMs: 30_000 });
  });

  it("is another attempt at once after a lost agent", () => {
    expect(decideEnd({ ...facts, ending: ending("lost") })).toStrictEqual({
      task: "waiting",
      attempt: "lost",
      restMs: 0,
    });
  });

  it("is a failure with the last error when attempts are used up or the failure will not mend", () => {
    expect(decideEnd({ ...facts, attempts: 3 })).toMatchObject({ task: "failed", code: "X", message: "why" });
    expect(decideEnd({ ...facts, ending: ending("failed", false) })).toMatchObject({ task: "failed", code: "X" });
  });

  it("is no further attempt in a stopped session, and a cancellation in a cancelled one", () => {
    expect(decideEnd({ ...facts, wish: "stop" })).toMatchObject({ task: "failed" });
    expect(decideEnd({ ...facts, wish: "cancel" })).toMatchObject({ task: "cancelled" });
    expect(decideEnd({ ...facts, ending: ending("cancelled", false) })).toMatchObject({
      task: "cancelled",
      attempt: "cancelled",
    });
  });

  it("does not believe a reported success without a point", () => {
    expect(decideEnd({ ...facts, ending: ending("succeeded"), attempts: 3 })).toMatchObject({
      task: "failed",
      code: "POINT_NOT_FOUND",
    });
    expect(decideEnd({ ...facts, ending: ending("succeeded") })).toMatchObject({ task: "waiting", attempt: "failed" });
  });
});
