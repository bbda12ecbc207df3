import { systemClock } from "@holdfast/shared/clock/clock";

/** Waits until `look` answers something, and gives it; fails with `what` after `withinMs`. */
export const until = async <Value>(
  what: string,
  look: () => Promise<Value | undefined | false> | Value | undefined | false,
  withinMs = 60_000,
): Promise<Value> => {
  const untilMs = systemClock.monotonicMs() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (caught) {
      last = caught;
    }
    if (systemClock.monotonicMs() > untilMs) throw new Error(`waited ${withinMs} ms for: ${what}`, { cause: last });
    await systemClock.sleep(20);
  }
};
