import { type Clock, systemClock } from "@holdfast/shared/clock/clock";

/** The machine's clock with pauses a hundred times shorter, so that back-off takes no time; deadlines stay real. */
export const hastyClock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) };
