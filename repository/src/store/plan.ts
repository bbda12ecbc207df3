import { pointIdSchema } from "@holdfast/shared/format/manifest-schema";
import { z } from "zod";
import type { SmallObjectKind } from "./small-object.ts";

/** The most packs and points that one plan names, so that it stays a small object. */
export const largestPlan = { packs: 65_536, points: 16_384 } as const;

const bodySchema = z.strictObject({
  number: z.int().min(1),
  epoch: z.int().min(1),
  writtenMs: z.int(),
  /** Of everything that the plans up to this number name, nothing is left. */
  doneThrough: z.int().nonnegative(),
  /** As `packText` makes them. */
  packs: z.array(z.string().regex(/^[0-9a-f]{16}$/)).max(largestPlan.packs),
  points: z.array(pointIdSchema).max(largestPlan.points),
});

/** What is condemned for ever, and being removed. */
export type Plan = z.infer<typeof bodySchema>;

/** The kind of objects under `plans/`. */
export const planKind: SmallObjectKind<typeof bodySchema> = { kind: "plan", body: bodySchema };
