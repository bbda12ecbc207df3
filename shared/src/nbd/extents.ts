import { HoldfastError } from "../errors/holdfast-error.ts";
import type { StatusRun } from "./replies.ts";

/** A range whose flags are the same in every context asked for. */
export interface NbdExtent {
  readonly offset: number;
  readonly length: number;
  /** The flags in the order of the contexts asked for. */
  readonly flags: readonly number[];
}

/** The one method of a connection that a walk needs. */
export interface StatusSource {
  blockStatus(offset: number, length: number): Promise<ReadonlyMap<string, readonly StatusRun[]>>;
}

/**
 * The extents of a range by some of the negotiated contexts: gapless, in order, neighbours with equal flags joined. It asks as
 * it is read, so its memory does not grow with the disk.
 */
export async function* walkExtents(
  source: StatusSource,
  contexts: readonly string[],
  range: { readonly offset: number; readonly length: number },
): AsyncGenerator<NbdExtent> {
  const end = range.offset + range.length;
  let last: NbdExtent | undefined;
  for (let offset = range.offset; offset < end;) {
    const answer = await source.blockStatus(offset, end - offset);
    const pieces = intersectRuns(
      contexts.map((name) => runsOf(answer, name)),
      offset,
      end,
    );
    for (const piece of pieces) {
      offset = piece.offset + piece.length;
      const joined = last && join(last, piece);
      if (last && !joined) yield last;
      last = joined ?? piece;
    }
  }
  if (last) yield last;
}

/** Cuts several descriptions of the bytes from `offset` on into common extents, as far as all of them reach, not past `end`. */
export const intersectRuns = (
  contexts: readonly (readonly StatusRun[])[],
  offset: number,
  end: number,
): readonly NbdExtent[] => {
  const cursors = contexts.map((runs) => ({ runs, index: 0, left: runs[0]?.length ?? 0 }));
  const extents: NbdExtent[] = [];
  for (let at = offset; at < end;) {
    const length = Math.min(end - at, ...cursors.map((cursor) => cursor.left));
    if (length === 0) break;
    extents.push({ offset: at, length, flags: cursors.map((cursor) => cursor.runs[cursor.index]?.flags ?? 0) });
    at += length;
    for (const cursor of cursors) {
      cursor.left -= length;
      if (cursor.left > 0) continue;
      cursor.index += 1;
      cursor.left = cursor.runs[cursor.index]?.length ?? 0;
    }
  }
  if (extents.length === 0) throw new HoldfastError("NBD_PROTOCOL", `the block status at ${offset} says nothing`);
  return extents;
};

const runsOf = (answer: ReadonlyMap<string, readonly StatusRun[]>, name: string): readonly StatusRun[] => {
  const runs = answer.get(name);
  if (!runs) throw new HoldfastError("FAILED_PRECONDITION", `the context ${name} was not negotiated`);
  return runs;
};

/** One extent instead of two neighbours, when they have the same flags. */
const join = (left: NbdExtent, right: NbdExtent): NbdExtent | undefined => {
  const same = left.flags.every((flags, index) => flags === right.flags[index]);
  return same ? { ...left, length: left.length + right.length } : undefined;
};
