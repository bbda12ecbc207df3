import type { Clock } from "@holdfast/shared/clock/clock";
import type { StreamSlots } from "@holdfast/shared/rpc/stream-slots";

const longestMs = 5_000;
const lookMs = 100;

/**
 * Waits while uploads or readings have streams granted, at most 5 seconds (V3): who calls it before every piece of work is slow
 * while others are at work, and never stands still.
 */
export const giveWay = async (
  { slots, clock }: { readonly slots: Pick<StreamSlots, "taken">; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> => {
  const untilMs = clock.monotonicMs() + longestMs;
  while (slots.taken > 0 && clock.monotonicMs() < untilMs) await clock.sleep(lookMs, signal);
};
