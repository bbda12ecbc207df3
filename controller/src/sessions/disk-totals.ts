import * as z from "zod";
import { byteCountsSchema } from "./byte-counts.ts";

/** What one disk of a task came to. */
export const diskTotalsSchema = z.object({
  diskId: z.string(),
  mode: z.string(),
  /** Why it has this mode, a stable word; empty where only the plan tells. */
  reason: z.string().default(""),
  /** socket, direct, stream or proxy; empty before the disk is open. */
  route: z.string(),
  /** Why better routes were passed over, in words; empty when none was. */
  routeReason: z.string().max(2_000).default(""),
  bytes: byteCountsSchema,
});

/** Progress or end of one disk. */
export type DiskTotals = z.output<typeof diskTotalsSchema>;
