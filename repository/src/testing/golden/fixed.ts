import { createHash } from "node:crypto";
import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import type { RandomBytes } from "@holdfast/shared/ids/ids";

/** A clock that starts at midnight of 2026-01-01 and is a second later each time it is asked; in its machine no time passes. */
export const fixedClock = (): Clock => {
  let nowMs = Date.UTC(2026, 0, 1);
  return { ...systemClock, nowMs: () => (nowMs += 1000), monotonicMs: () => 0 };
};

/** Random bytes that are the same in every run. */
export const fixedRandom = (seed: string): RandomBytes => {
  let calls = 0;
  return (size) => {
    calls += 1;
    return fixedBytes(`${seed}/${calls}`, size);
  };
};

/** `size` bytes that look random and follow from the seed. */
export const fixedBytes = (seed: string, size: number): Uint8Array => {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, index) =>
    createHash("sha256").update(`${seed}:${index}`).digest(),
  );
  return Uint8Array.from(Buffer.concat(blocks).subarray(0, size));
};
