import { systemClock } from "@holdfast/shared/clock/clock";
import { describe, expect, it } from "vitest";
import { Nudge } from "./nudge.ts";

const long = 600_000;

describe("a nudge", () => {
  const { signal } = new AbortController();

  it("ends every wait that is under way", async () => {
    const nudge = new Nudge();
    const waits = [nudge.wait(long, systemClock, signal), nudge.wait(long, systemClock, signal)];
    nudge.ring();
    await expect(Promise.all(waits)).resolves.toHaveLength(2);
  });

  it("is not lost when it comes before the wait, and ends one wait only", async () => {
    const nudge = new Nudge();
    nudge.ring();
    nudge.ring();
    await nudge.wait(long, systemClock, signal);
    const stop = new AbortController();
    const next = nudge.wait(long, systemClock, stop.signal);
    stop.abort(new Error("still waiting"));
    await expect(next).rejects.toThrow("still waiting");
  });
});
