import { describe, expect, it } from "vitest";
import { toIso } from "./clock.ts";
import { createFakeClock } from "./fake-clock.ts";

describe("a fake clock", () => {
  it("lets things happen in the order of their time, and only then", async () => {
    const clock = createFakeClock();
    const order: string[] = [];
    const sleeping = (async () => {
      await clock.sleep(20);
      order.push(`slept at ${clock.monotonicMs()}`);
      await clock.sleep(5);
      order.push(`slept at ${clock.monotonicMs()}`);
    })();
    clock.after(10, () => order.push("after 10"));
    const cancel = clock.after(11, () => order.push("never"));
    const limit = clock.timeout(24);

    cancel();
    await clock.advance(24);
    expect(order).toEqual(["after 10", "slept at 20"]);
    expect(limit.aborted).toBe(true);
    await clock.advance(1);
    await sleeping;

    expect(order.at(-1)).toBe("slept at 25");
    expect(clock.waiting).toBe(0);
  });

  it("ends a sleep with the signal's reason", async () => {
    const clock = createFakeClock(0);
    const controller = new AbortController();
    const sleeping = clock.sleep(10, controller.signal).catch((caught: unknown) => caught);

    controller.abort(new Error("enough"));

    expect(await sleeping).toMatchObject({ message: "enough" });
    expect(clock.waiting).toBe(0);
    expect(toIso(clock.nowMs())).toBe("1970-01-01T00:00:00.000Z");
  });
});
