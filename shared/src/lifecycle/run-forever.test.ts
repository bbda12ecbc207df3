import { describe, expect, it } from "vitest";
import { createFakeClock } from "../clock/fake-clock.ts";
import { memoryLogger } from "../logging/memory-logger.ts";
import { runForever } from "./run-forever.ts";

describe("runForever", () => {
  it("goes on after failures with one line for the streak and one for its end", async () => {
    const clock = createFakeClock();
    const log = memoryLogger();
    const controller = new AbortController();
    let steps = 0;
    const running = runForever(
      controller.signal,
      async () => {
        steps += 1;
        if (steps >= 2 && steps <= 4) throw new Error("broken");
      },
      { name: "janitor", clock, log, everyMs: 1_000, backoff: { firstMs: 100, maxMs: 200 }, random: () => 1 },
    );

    await clock.advance(1_000 + 100 + 200 + 200);
    controller.abort();
    await running;

    expect(steps).toBe(5);
    expect(log.lines.filter(({ level }) => level !== "debug")).toMatchObject([
      { level: "warn", message: "loop failed", fields: { loop: "janitor", err: { message: "broken" } } },
      { level: "info", message: "loop recovered", fields: { failures: 3 } },
    ]);
  });

  it("lets a step say when the next is due, and ends in the middle of a wait", async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    let steps = 0;
    const running = runForever(controller.signal, async () => ((steps += 1), 5), {
      name: "loop",
      clock,
      log: memoryLogger(),
      everyMs: 60_000,
    });

    await clock.advance(20);
    controller.abort();
    await running;

    expect(steps).toBe(5);
    expect(clock.waiting).toBe(0);
  });

  it("ends without a word when a step fails because of the abort", async () => {
    const log = memoryLogger();
    const controller = new AbortController();
    const running = runForever(
      controller.signal,
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      { name: "loop", clock: createFakeClock(), log, everyMs: 1 },
    );

    controller.abort();

    await running;
    expect(log.lines).toEqual([]);
  });
});
