import * as z from "zod";

const ms = (value: number) => z.coerce.number().int().nonnegative().default(value);

/** How workers are looked after; every time in milliseconds. */
export const workerSettingsSchema = z.strictObject({
  /** How often it is looked whether one is needed. */
  sweepMs: ms(1_000),
  /** Between two looks at a VM that is under way or up. */
  lookMs: ms(2_000),
  /** After this long an unhealthy worker may be tried again by itself. */
  unhealthyRestMs: ms(1_800_000),
  /** How long a start waits for a VM that the engine calls busy, or for room on its hosts. */
  startPatienceMs: ms(20_000),
  /** How long going down may take before the power is taken away. */
  fallPatienceMs: ms(180_000),
  /** Before an action that changed nothing is asked for again. */
  askAgainMs: ms(15_000),
  /** How long after a request for a VM or a disk whose answer was lost either may still appear. */
  lateMs: ms(30_000),
});

/** The same for every worker of a controller. */
export type WorkerSettings = z.output<typeof workerSettingsSchema>;
