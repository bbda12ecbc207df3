import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { clocksOf } from "./clocks.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import type { Worker } from "./worker.ts";

/**
 * Asks an engine to make something for a worker. Until it has answered, that may appear at any moment, also when nobody waits
 * for the answer any more: the clock `late` runs meanwhile.
 */
export const askToMake = async <Made>(
  { patience }: Pick<WorkerDeps, "patience">,
  { workerId }: Worker,
  ask: () => Promise<Made>,
): Promise<Made> => {
  const clocks = clocksOf(patience, workerId);
  clocks.restart("late");
  try {
    const made = await ask();
    clocks.stop("late");
    return made;
  } catch (caught) {
    if (hasCode(caught, "ENGINE_CONFLICT", "ENGINE_FAULT", "ENGINE_FORBIDDEN", "ALREADY_EXISTS")) clocks.stop("late");
    throw caught;
  }
};
