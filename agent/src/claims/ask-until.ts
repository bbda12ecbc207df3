import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Nudge } from "./nudge.ts";

/** How a question is repeated. */
export interface Asking {
  readonly nudge: Nudge;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}

/**
 * Asks until there is an answer: again after a second while it is undefined, and while nobody answers at all, since the
 * controller may be starting (A5).
 */
export const askUntil = async <Answer>(
  ask: (signal: AbortSignal) => Promise<Answer | undefined>,
  asking: Asking,
): Promise<Answer> => {
  const { nudge, clock, signal, everyMs = 1_000 } = asking;
  for (;;) {
    try {
      const answer = await ask(signal);
      if (answer !== undefined) return answer;
    } catch (caught) {
      signal.throwIfAborted();
      if (!hasCode(caught, "UNAVAILABLE", "TIMEOUT")) throw caught;
    }
    await nudge.wait(everyMs, clock, signal);
  }
};
