import { describe, expect, it } from "vitest";
import { createFakeClock } from "../clock/fake-clock.ts";
import { systemClock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { delayMs } from "./backoff.ts";
import { retry } from "./retry.ts";

const { signal } = new AbortController();
const gone = new HoldfastError("UNAVAILABLE", "gone");
const policy = { attempts: 4, firstMs: 100, maxMs: 150 };

describe("retry", () => {
  it("waits longer each time up to its limit, and gives the first success", async () => {
    const clock = createFakeClock();
    const waits: number[] = [];
    const trying = retry(policy, signal, async (_, number) => (number < 4 ? Promise.reject(gone) : number), {
      clock,
      random: () => 0.5,
      onRetry: ({ waitMs }) => waits.push(waitMs),
    });

    await clock.advance(1_000);

    await expect(trying).resolves.toBe(4);
    expect(waits).toEqual([75, 112.5, 112.5]);
  });

  it("throws the last failure when it tried often enough", async () => {
    const tries: number[] = [];
    const trying = retry(
      { attempts: 3, firstMs: 1, maxMs: 1 },
      signal,
      async (_, number) => {
        tries.push(number);
        throw gone;
      },
      { clock: systemClock },
    );

    await expect(trying).rejects.toBe(gone);
    expect(tries).toEqual([1, 2, 3]);
  });

  it("does not repeat what would fail again", async () => {
    const refused = new HoldfastError("INVALID_ARGUMENT", "no");
    const tries: number[] = [];
    const trying = retry(
      policy,
      signal,
      async (_, number) => {
        tries.push(number);
        throw refused;
      },
      { clock: systemClock },
    );

    await expect(trying).rejects.toBe(refused);
    expect(tries).toEqual([1]);
  });

  it("ends in the middle of a wait when the signal aborts", async () => {
    const controller = new AbortController();
    const trying = retry(
      { attempts: Infinity, firstMs: 60_000, maxMs: 60_000 },
      controller.signal,
      () => Promise.reject(gone),
      {
        clock: systemClock,
        onRetry: () => setImmediate(() => controller.abort(new HoldfastError("CANCELLED", "enough"))),
      },
    );

    await expect(trying).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("delayMs", () => {
  it("stays between half and whole of its step", () => {
    expect(delayMs({ firstMs: 100, maxMs: 1_000 }, 3, () => 0)).toBe(200);
    expect(delayMs({ firstMs: 100, maxMs: 1_000 }, 3, () => 0.999)).toBeCloseTo(399.8);
    expect(delayMs({ firstMs: 100, maxMs: 1_000, factor: 10 }, 9, () => 1)).toBe(1_000);
  });
});
