import * as z from "zod";

/** `auto` asks the backup API and falls back to a snapshot; the others insist on one way. */
export const captureWays = ["auto", "backup-api", "snapshot"] as const;

/** `required` fails without a frozen guest, `preferred` warns, `none` only records what was reached. */
export const consistencyWishes = ["none", "preferred", "required"] as const;

/** How a job wants its VMs captured. */
export const capturePolicySchema = z.object({
  way: z.enum(captureWays),
  /** Asks an engine that would make a hybrid capture for a live or cold one. */
  legacy: z.boolean(),
  consistency: z.enum(consistencyWishes),
});

/** How a job wants its VMs captured. */
export type CapturePolicy = z.output<typeof capturePolicySchema>;

/** What holds where nobody said anything. */
export const defaultCapturePolicy: CapturePolicy = { way: "auto", legacy: false, consistency: "none" };
