import { type CheckState, type Finding, toFinding } from "./finding.ts";

/** One question about the time: when it was asked by our clock, how long the answer took, and what it said. */
export interface ClockReading {
  /** Our wall clock when the question went out. */
  readonly askedMs: number;
  /** By our monotonic clock. */
  readonly roundTripMs: number;
  /** Their wall clock when they answered. */
  readonly toldMs: number;
}

/** How far their clock is ahead of ours (negative: behind), when the answer took half of the round trip. */
export const clockOffsetMs = ({ askedMs, roundTripMs, toldMs }: ClockReading): number =>
  Math.round(toldMs - (askedMs + roundTripMs / 2));

const warnAboveMs = 2_000;
const failAboveMs = 300_000;

/** Judges how far a process's clock is ahead of the controller's; above five minutes certificates and tokens fail. */
export const clockFinding = (aheadMs: number, roundTripMs: number): Finding => {
  const apartMs = Math.abs(aheadMs);
  const how = aheadMs < 0 ? "behind" : "ahead of";
  return toFinding({
    kind: "clock",
    subject: "clock against the controller's",
    state: stateOf(apartMs),
    message: `${apartMs} ms ${how} the controller's, give or take ${Math.ceil(roundTripMs / 2)} ms`,
    advice: "let chrony or systemd-timesyncd keep the clocks of this machine and of the controller's",
    measured: { value: aheadMs, unit: "ms" },
  });
};

const stateOf = (apartMs: number): CheckState => {
  if (apartMs > failAboveMs) return "error";
  return apartMs > warnAboveMs ? "warning" : "ok";
};
