import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { StreamSlots } from "@holdfast/shared/rpc/stream-slots";
import { describe, expect, it } from "vitest";
import { giveWay } from "./courtesy.ts";

describe("giving way", () => {
  it("waits while others are at work, and no longer than five seconds", async () => {
    const clock = createFakeClock();
    const slots = new StreamSlots();
    const { signal } = new AbortController();
    await giveWay({ slots, clock }, signal);
    expect(clock.monotonicMs()).toBe(0);

    const lease = await slots.take();
    let isThrough = false;
    const short = giveWay({ slots, clock }, signal).then(() => (isThrough = true));
    await clock.advance(1_000);
    expect(isThrough).toBe(false);
    lease[Symbol.dispose]();
    await clock.advance(200);
    await short;

    using _other = await slots.take();
    const long = giveWay({ slots, clock }, signal);
    await clock.advance(5_100);
    await long;
  });

  it("ends with its caller", async () => {
    const clock = createFakeClock();
    const slots = new StreamSlots();
    using _lease = await slots.take();
    const stop = new AbortController();
    const waiting = giveWay({ slots, clock }, stop.signal);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
