import { toIso } from "@holdfast/shared/clock/clock";

/** Both clocks of the machine at one moment. */
export interface ClockReading {
  readonly wallMs: number;
  /** Of a clock that never jumps, and says nothing of the time of day. */
  readonly monotonicMs: number;
}

/** Deletion waits for an operator, because the wall clock cannot be right both before and after `atMs`. */
export interface Suspension {
  /** When it should have been. */
  readonly atMs: number;
  /** By how much the wall clock was ahead of that; negative when behind, 0 when what was known of the clock is damaged. */
  readonly jumpMs: number;
}

/** What earlier servers wrote down. */
export interface SeenClock {
  readonly seenMs: number;
  readonly suspended: Suspension | null;
}

/** What is known of the clock while a server runs. */
export interface ClockState {
  /** What readings are compared with; replaced once a day of uptime, so that small differences do not add up for ever. */
  readonly anchor: ClockReading;
  /** The time by which deletion is judged: it never goes back, and stands still while deletion is not allowed. */
  readonly deletionMs: number;
  readonly suspended: Suspension | null;
  /** Monotonic time at which deletion has waited long enough after the server was off. */
  readonly waitsUntilMs: number | null;
}

/** Whether deletion may go on, and in words why not. */
export interface DeletionVerdict {
  readonly allowed: boolean;
  readonly why: string;
}

/** How far the clocks may differ, and how long deletion waits after the server was off for longer. */
export const toleranceMs = 24 * 3_600_000;

/** What holds when a server starts. */
export const startClock = (seen: SeenClock | undefined, reading: ClockReading): ClockState => {
  const { wallMs, monotonicMs } = reading;
  const fresh: ClockState = { anchor: reading, deletionMs: wallMs, suspended: null, waitsUntilMs: null };
  if (seen === undefined) return fresh;
  const { seenMs, suspended } = seen;
  if (suspended !== null) return { ...fresh, deletionMs: seenMs, suspended };
  const jumpMs = wallMs - seenMs;
  if (jumpMs < -toleranceMs) return { ...fresh, deletionMs: seenMs, suspended: { atMs: seenMs, jumpMs } };
  if (jumpMs > toleranceMs) return { ...fresh, deletionMs: seenMs, waitsUntilMs: monotonicMs + toleranceMs };
  return { ...fresh, deletionMs: Math.max(seenMs, wallMs) };
};

/** What the wall clock should say, by the monotonic one. */
const expectedMs = ({ anchor }: ClockState, { monotonicMs }: ClockReading): number =>
  anchor.wallMs + monotonicMs - anchor.monotonicMs;

/** What holds after a look at the clocks. */
export const observeClock = (state: ClockState, reading: ClockReading): ClockState => {
  if (state.suspended !== null) return state;
  const atMs = expectedMs(state, reading);
  const jumpMs = reading.wallMs - atMs;
  if (Math.abs(jumpMs) > toleranceMs) return { ...state, suspended: { atMs, jumpMs } };
  const anchor = reading.monotonicMs - state.anchor.monotonicMs >= toleranceMs ? reading : state.anchor;
  if (state.waitsUntilMs !== null && reading.monotonicMs < state.waitsUntilMs) return { ...state, anchor };
  return { ...state, anchor, waitsUntilMs: null, deletionMs: Math.max(state.deletionMs, reading.wallMs) };
};

/** What holds after an operator said that the wall clock is right. It does not end a wait. */
export const confirmClock = (state: ClockState, reading: ClockReading): ClockState =>
  observeClock({ ...state, anchor: reading, suspended: null }, reading);

/** The time from which a period starts: the latest that it may be. */
export const latestMs = (state: ClockState, reading: ClockReading): number =>
  Math.max(reading.wallMs, expectedMs(state, reading), state.deletionMs);

/** Whether deletion is allowed in that state. */
export const deletionVerdict = (
  { suspended, waitsUntilMs }: ClockState,
  { monotonicMs }: ClockReading,
): DeletionVerdict => {
  if (suspended !== null) return { allowed: false, why: `${describe(suspended)}: deletion waits for an operator` };
  if (waitsUntilMs === null) return { allowed: true, why: "" };
  const hours = Math.ceil((waitsUntilMs - monotonicMs) / 3_600_000);
  return { allowed: false, why: `the repository was off for more than a day: deletion waits for ${hours} h of uptime` };
};

const describe = ({ atMs, jumpMs }: Suspension): string => {
  if (jumpMs === 0) return "what was known of the clock is damaged";
  const hours = Math.round(Math.abs(jumpMs) / 3_600_000);
  return `the clock was ${hours} h ${jumpMs > 0 ? "ahead" : "behind"} at ${toIso(atMs)}`;
};
