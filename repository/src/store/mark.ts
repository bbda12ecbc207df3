import { z } from "zod";

/** A run of chunk positions of a disk that cannot be given, and why. */
const damagedRangeSchema = z.strictObject({
  diskId: z.string(),
  firstPosition: z.int().nonnegative(),
  count: z.int().positive(),
  code: z.enum(["CHUNK_MISSING", "CHUNK_DAMAGED"]),
});
export type MarkedDamage = z.infer<typeof damagedRangeSchema>;

/** What was decided about a point after its commit. The highest mark holds all of it; a mark is never changed. */
export const markStateSchema = z.strictObject({
  /** Set when the point is marked deleted. */
  removed: z.strictObject({ atMs: z.int(), reason: z.string().max(1024), belowFloor: z.boolean() }).nullable(),
  /** Set once the collector removed the point: the last mark, for ever. */
  gone: z.boolean(),
  /** Set while an operator protects the point; an operator may lift it. */
  protected: z.strictObject({ atMs: z.int(), reason: z.string().max(1024) }).nullable(),
  /** Nobody may lift it, and no later mark lowers it; the commit part may say a later time. */
  immutableUntilMs: z.int().nullable(),
  /** The last verification, with the damage it found; a point with damage is hurt. */
  verified: z.strictObject({ atMs: z.int(), damaged: z.array(damagedRangeSchema).max(10_000) }).nullable(),
  /** Set when an agent other than the writer compared the point's new chunks with their ids. */
  checked: z.strictObject({ atMs: z.int(), keyId: z.string().max(128) }).nullable(),
  /** Retention flags such as `W`, in the words of the policy that gave them. */
  flags: z.array(z.string().max(32)).max(32),
});
export type MarkState = z.infer<typeof markStateSchema>;

/** What holds for a point without any mark. */
export const unmarked: MarkState = {
  removed: null,
  gone: false,
  protected: null,
  immutableUntilMs: null,
  verified: null,
  checked: null,
  flags: [],
};

/** A mark as it is stored. */
export interface Mark {
  readonly pointId: string;
  /** From 1; the highest wins. */
  readonly number: number;
  readonly epoch: number;
  readonly writtenMs: number;
  readonly state: MarkState;
}
