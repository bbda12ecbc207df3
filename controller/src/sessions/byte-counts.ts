import * as z from "zod";

const count = z.number().int().nonnegative().default(0);

/** R8 in plain bytes of whole chunks: planned = zero + unchanged + deduplicated + stored; the rest is kept apart. */
export const byteCountsSchema = z.object({
  planned: count,
  zero: count,
  unchanged: count,
  deduplicated: count,
  stored: count,
  changed: count,
  read: count,
  sampled: count,
  packed: count,
  written: count,
});

/** Bytes of one disk, task or session. */
export type ByteCounts = z.output<typeof byteCountsSchema>;

/** Nothing counted yet. */
export const noBytes: ByteCounts = byteCountsSchema.parse({});

/** The sum of accounts. */
export const sumBytes = (accounts: readonly ByteCounts[]): ByteCounts =>
  accounts.reduce(
    (sum, one) => ({
      planned: sum.planned + one.planned,
      zero: sum.zero + one.zero,
      unchanged: sum.unchanged + one.unchanged,
      deduplicated: sum.deduplicated + one.deduplicated,
      stored: sum.stored + one.stored,
      changed: sum.changed + one.changed,
      read: sum.read + one.read,
      sampled: sum.sampled + one.sampled,
      packed: sum.packed + one.packed,
      written: sum.written + one.written,
    }),
    noBytes,
  );

/** What was dealt with so far: the part of `planned` that has its place in R8, or what a restore wrote or skipped. */
export const doneBytes = (bytes: ByteCounts): number =>
  Math.max(bytes.zero + bytes.unchanged + bytes.deduplicated + bytes.stored, bytes.written);
