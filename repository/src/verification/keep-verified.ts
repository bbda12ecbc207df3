import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Verification } from "./verification.ts";

/** How a server verifies by itself. */
export interface KeepVerified {
  readonly verification: Verification;
  readonly clock: Clock;
  readonly log: Logger;
  /** Days within which everything is read back; 0 for never. */
  readonly withinDays: number;
}

const startMs = 10 * 60_000;
const everyMs = 60 * 60_000;

/** Reads a share of the packs back each day, in the background, until it is disposed of (V6). What fails is tried again within the hour. */
export const keepVerified = ({ verification, clock, log, withinDays }: KeepVerified): AsyncDisposable => {
  const stop = new AbortController();
  const { signal } = stop;
  const once = async (): Promise<void> => {
    if (withinDays === 0) return;
    const read = await verification.runOwn(withinDays, signal);
    if (read && read.packsDone > 0) log.info("packs read back", { ...read });
  };
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (caught) {
      if (!signal.aborted) log.error("verifying by itself failed", { err: caught });
    }
  };
  const keep = async (): Promise<void> => {
    await attempt(() => verification.markForgotten(signal));
    await clock.sleep(startMs, signal);
    while (!signal.aborted) {
      await attempt(once);
      await clock.sleep(everyMs, signal);
    }
  };
  const keeping = keep().catch(() => undefined);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await keeping;
    },
  };
};
