import { badRequest, outOfRange } from "./refusal.ts";

/** Part of an image. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** What `Range` asks for: undefined without the header (the whole image). One range; no suffixes; 416 for anything else. */
export const parseRange = (header: string | undefined, sizeBytes: number): ByteRange | undefined => {
  if (header === undefined) return undefined;
  const match = /^bytes=(\d+)-(\d*)$/.exec(header.trim());
  if (!match) throw outOfRange(sizeBytes, `unsupported range ${header}`);
  const first = Number(match[1]);
  const end = match[2] ? Number(match[2]) + 1 : sizeBytes;
  if (end < first || end > sizeBytes || (match[2] !== "" && end === first)) {
    throw outOfRange(sizeBytes, `range ${header} of ${sizeBytes} bytes`);
  }
  return { offset: first, length: end - first };
};

/** Where a PUT writes: only the start of `Content-Range` counts, 0 without the header. */
export const parseWriteOffset = (header: string | undefined): number => {
  if (header === undefined) return 0;
  const match = /^bytes (\d+)-(\d+)?\/(?:\*|\d+)$/.exec(header.trim());
  if (!match) throw badRequest(`Invalid Content-Range: ${header}`);
  return Number(match[1]);
};

/** A growing set of bytes, kept as disjoint ranges in order: how much of an image was ever touched. */
export class RangeSet {
  #ranges: ByteRange[] = [];

  /** How many bytes are in the set. */
  get sizeBytes(): number {
    return this.#ranges.reduce((sum, { length }) => sum + length, 0);
  }

  add(range: ByteRange): void {
    if (range.length === 0) return;
    let { offset } = range;
    let end = offset + range.length;
    const apart: ByteRange[] = [];
    for (const other of this.#ranges) {
      const otherEnd = other.offset + other.length;
      if (otherEnd < offset || other.offset > end) apart.push(other);
      else [offset, end] = [Math.min(offset, other.offset), Math.max(end, otherEnd)];
    }
    apart.push({ offset, length: end - offset });
    this.#ranges = apart.sort((left, right) => left.offset - right.offset);
  }
}
