import type { IndexRow } from "./index-database.ts";

const columns = 7;

/** Rows as flat numbers for the way between threads: epoch, sequence, offset, plain, stored, level, slot; epoch 0 = no row. */
export const encodeRows = (rows: readonly (IndexRow | undefined)[]): Uint32Array => {
  const flat = new Uint32Array(rows.length * columns);
  rows.forEach((row, index) => {
    if (row === undefined) return;
    flat.set([row.epoch, row.sequence, row.offset, row.plain, row.stored, row.level, row.slot], index * columns);
  });
  return flat;
};

/** The rows back, in the same order. */
export const decodeRows = (flat: Uint32Array): readonly (IndexRow | undefined)[] =>
  Array.from({ length: flat.length / columns }, (_, index) => {
    const [epoch = 0, sequence = 0, offset = 0, plain = 0, stored = 0, level = 0, slot = 0] = flat.subarray(
      index * columns,
      (index + 1) * columns,
    );
    return epoch === 0 ? undefined : { epoch, sequence, offset, plain, stored, level, slot };
  });
