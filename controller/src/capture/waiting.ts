import type { Clock } from "@holdfast/shared/clock/clock";
import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";

import type { Hypervisor } from "../hypervisor/hypervisor.ts";

/** What every step on an engine takes. */
export interface StepDeps {
  readonly hypervisor: Hypervisor;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a state may take to come. */
export interface Patience {
  /** What is waited for, for the error: `capture X to be ready`. */
  readonly what: string;
  readonly deadlineMs: number;
}

/** How long something may be busy. */
export interface BusyPatience extends Patience {
  /** Told before each pause why it is waited, so that who looks at the task sees it. */
  readonly onBusy?: ((why: HoldfastError) => Promise<void>) | undefined;
}

/**
 * Pauses between two looks: short at first, since an idle engine is done at once, then doubling to the 5 s at which engines
 * poll their own states, so that a long wait costs few calls.
 */
const firstPauseMs = 100;
const longestPauseMs = 5_000;
const longestOutageMs = 120_000;

/**
 * Looks again and again until `look` answers something; TIMEOUT when it never did. The first look comes at once. An engine that
 * goes away in between is looked at again as well, and its ENGINE_UNREACHABLE told when it stays away for two minutes.
 */
export const waitFor = async <Found>(
  { clock }: Pick<StepDeps, "clock">,
  { what, deadlineMs }: Patience,
  look: () => Promise<Found | undefined>,
  signal: AbortSignal,
): Promise<Found> => {
  const startMs = clock.monotonicMs();
  let heardMs = startMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    signal.throwIfAborted();
    const { found, away } = await lookOnce(look);
    if (found !== undefined) return found;
    const nowMs = clock.monotonicMs();
    if (away === undefined) heardMs = nowMs;
    else if (nowMs - heardMs + pauseMs > Math.min(longestOutageMs, deadlineMs)) throw away;
    if (nowMs - startMs + pauseMs > deadlineMs) {
      throw new HoldfastError("TIMEOUT", `waited ${Math.round(deadlineMs / 1_000)} s in vain for ${what}`);
    }
    await clock.sleep(pauseMs, signal);
  }
};

const lookOnce = async <Found>(
  look: () => Promise<Found | undefined>,
): Promise<{ readonly found: Found | undefined; readonly away?: unknown }> => {
  try {
    return { found: await look() };
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_UNREACHABLE")) throw caught;
    return { found: undefined, away: caught };
  }
};

/** Does something that may be done again, again and again while the engine is away; its ENGINE_UNREACHABLE when it stays away. */
export const throughOutages = async <Answer>(
  { clock, log }: Pick<StepDeps, "clock" | "log">,
  { what, patienceMs }: { readonly what: string; readonly patienceMs: number },
  work: () => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer> => {
  const startMs = clock.monotonicMs();
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (caught) {
      if (!hasCode(caught, "ENGINE_UNREACHABLE") || clock.monotonicMs() - startMs + pauseMs > patienceMs) throw caught;
      log.info("the engine is away and is waited for", { what, err: caught });
    }
    await clock.sleep(pauseMs, signal);
  }
};

/** Codes of an object that others work on now: asking again later is all it takes. */
const busyCodes = [
  "ENGINE_CONFLICT",
  "VM_IN_BACKUP",
  "VM_BUSY",
  "DISKS_LOCKED",
] as const satisfies readonly ErrorCode[];

/** True for the refusal of something that is merely busy. */
export const isBusy = (caught: unknown): boolean => hasCode(caught, ...busyCodes);

/** Asks again while the engine says that the object is busy (`isBusy`); the last refusal when it stays so. */
export const throughConflicts = async <Answer>(
  { clock, log }: Pick<StepDeps, "clock" | "log">,
  { what, deadlineMs, onBusy }: BusyPatience,
  ask: () => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer> => {
  const startMs = clock.monotonicMs();
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (caught) {
      if (!isBusy(caught) || clock.monotonicMs() - startMs + pauseMs > deadlineMs) throw caught;
      log.debug("the engine is busy with the object", { what, err: caught });
      await onBusy?.(HoldfastError.from(caught));
    }
    await clock.sleep(pauseMs, signal);
  }
};
