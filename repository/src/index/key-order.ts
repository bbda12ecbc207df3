import { idSize } from "@holdfast/shared/format/content-id";
import { type SpoolPart, spooledSize } from "./entry-spool.ts";

/** Of a sort key: 32 bits of the id, and 20 for the place, which keeps equal ones in the order in which they came. */
const places = 2 ** 20;
const keyBytes = 4;

/** Where the entries of a part begin, in the order of their ids; equal ids in the order in which they came. */
export const keyOrder = ({ entries, agreed }: SpoolPart): Float64Array => {
  const count = entries.byteLength / spooledSize;
  if (count > places) throw new RangeError(`${count} entries are too many for one part`);
  const from = Math.min(agreed, idSize - keyBytes);
  // Numbers sort without a call for each comparison.
  const keys = new Float64Array(count);
  for (let place = 0; place < count; place += 1)
    keys[place] = entries.readUInt32BE(place * spooledSize + from) * places + place;
  keys.sort();
  orderTies(keys, entries);
  return keys.map((key) => (key % places) * spooledSize);
};

/** Orders runs of keys with the same 32 bits by the rest of their ids. */
const orderTies = (keys: Float64Array, entries: Buffer): void => {
  const bitsAt = (place: number): number => Math.floor((keys[place] ?? 0) / places);
  for (let start = 0; start < keys.length;) {
    const bits = bitsAt(start);
    let end = start + 1;
    while (end < keys.length && bitsAt(end) === bits) end += 1;
    if (end - start > 1) keys.subarray(start, end).sort((a, b) => compareIds(entries, a, b) || a - b);
    start = end;
  }
};

const compareIds = (entries: Buffer, a: number, b: number): number => {
  const [startA, startB] = [(a % places) * spooledSize, (b % places) * spooledSize];
  return entries.compare(entries, startB, startB + idSize, startA, startA + idSize);
};
