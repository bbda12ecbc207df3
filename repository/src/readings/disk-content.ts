import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { placeOfChunk } from "@holdfast/shared/format/page-tree";
import { parseRecord } from "@holdfast/shared/format/record";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import type { DiskTree } from "../catalog/catalog-point.ts";
import { walkLeaves } from "../store/page-walk.ts";
import type { RecordLocation, RepositoryReader } from "../store/repository-store.ts";
import type { ReadAhead } from "./read-ahead.ts";

/** What is at some positions of a disk: zeros, the record of a chunk, or damage. Positions ascend. */
export type DiskContent =
  | { readonly kind: "zero"; readonly firstPosition: number; readonly count: number }
  | { readonly kind: "record"; readonly position: number; readonly id: Uint8Array; readonly record: Uint8Array }
  | { readonly kind: "damaged"; readonly position: number; readonly code: DamageCode };

/** What may be wrong with a chunk. */
export type DamageCode = "CHUNK_MISSING" | "CHUNK_DAMAGED";

/** Positions of one disk. */
export interface PositionRange {
  readonly tree: DiskTree;
  readonly firstPosition: number;
  /** Clipped to the disk. */
  readonly count: number;
}

/** What reading a disk's content needs. */
export interface ContentDeps {
  readonly reader: RepositoryReader;
  readonly readAhead: ReadAhead;
  readonly signal: AbortSignal;
  /** Told of a record that could not be given although it was located. */
  readonly onDamaged?: (location: RecordLocation) => void;
}

/** Chunks of one disk that are read at once, at most. */
const readsAtOnce = 16;

interface Wanted {
  readonly position: number;
  readonly id: Uint8Array;
  readonly location: RecordLocation | undefined;
}

interface ZeroRun {
  readonly zero: true;
  readonly firstPosition: number;
  readonly count: number;
}

type Planned = Wanted | ZeroRun;

interface UnderWay {
  readonly content: Promise<DiskContent>;
  /** Bytes of the shared read-ahead that it holds; 0 for the first in line. */
  readonly heldBytes: number;
}

/**
 * The content of a range of positions, in order (D3). Up to 16 chunks are read ahead, as far as the shared read-ahead allows.
 * A damaged chunk is named and passed over; a damaged page ends it with CHUNK_MISSING or CHUNK_DAMAGED.
 */
export async function* diskContent(range: PositionRange, deps: ContentDeps): AsyncGenerator<DiskContent> {
  const line: UnderWay[] = [];
  const planned = plan(range, deps.reader);
  let ahead = await planned.next();
  try {
    while (line.length > 0 || ahead.done !== true) {
      while (ahead.done !== true && line.length < readsAtOnce && begin(ahead.value, line, deps)) {
        ahead = await planned.next();
      }
      const first = line.shift();
      if (!first) continue;
      try {
        yield await first.content;
      } finally {
        deps.readAhead.give(first.heldBytes);
      }
    }
  } finally {
    for (const { content, heldBytes } of line) {
      content.catch(() => undefined);
      deps.readAhead.give(heldBytes);
    }
  }
}

/** Puts what is planned into the line; false when there is no room to read it ahead. */
const begin = (planned: Planned, line: UnderWay[], deps: ContentDeps): boolean => {
  if ("zero" in planned) {
    const { firstPosition, count } = planned;
    line.push({ content: Promise.resolve({ kind: "zero", firstPosition, count }), heldBytes: 0 });
    return true;
  }
  const bytes = planned.location ? recordHeaderSize + planned.location.storedLength : 0;
  const isFirst = line.length === 0;
  if (!isFirst && !deps.readAhead.tryTake(bytes)) return false;
  const content = read(planned, deps);
  content.catch(() => undefined);
  line.push({ content, heldBytes: isFirst ? 0 : bytes });
  return true;
};

/** Positions in order; neighbouring zeros are one. */
async function* plan(range: PositionRange, reader: RepositoryReader): AsyncGenerator<Planned> {
  let zeros: ZeroRun | undefined;
  for await (const leaf of leavesOf(range, reader)) {
    const locations = leaf.chunkIds ? await locateNonZero(reader, leaf.chunkIds) : undefined;
    for (let position = leaf.start; position < leaf.end; position += 1) {
      const slot = position % leafCapacity;
      const id = nonZeroIdAt(leaf, slot);
      if (!id) {
        zeros = { zero: true, firstPosition: zeros?.firstPosition ?? position, count: (zeros?.count ?? 0) + 1 };
        continue;
      }
      if (zeros) yield zeros;
      zeros = undefined;
      yield { position, id, location: locations?.get(slot) };
    }
  }
  if (zeros) yield zeros;
}

const nonZeroIdAt = ({ chunkIds }: PartOfLeaf, slot: number): Uint8Array | undefined => {
  const id = chunkIds ? idAt(chunkIds, slot) : undefined;
  return id && !isZeroId(id) ? id : undefined;
};

interface PartOfLeaf {
  readonly start: number;
  readonly end: number;
  readonly chunkIds: Uint8Array | undefined;
}

/** The leaves of a range, each with the positions of it that are asked for. */
async function* leavesOf(range: PositionRange, reader: RepositoryReader): AsyncGenerator<PartOfLeaf> {
  const { tree, firstPosition } = range;
  const end = Math.min(firstPosition + range.count, tree.shape.chunkCount);
  if (firstPosition >= end) return;
  const firstLeaf = placeOfChunk(firstPosition).leaf;
  const count = placeOfChunk(end - 1).leaf - firstLeaf + 1;
  const leaves = walkLeaves({ ...tree, firstLeaf, count, idsOnly: false }, (id) => reader.readPage(id));
  for await (const { leaf, chunkIds } of leaves) {
    const first = leaf * leafCapacity;
    yield { start: Math.max(firstPosition, first), end: Math.min(end, first + leafCapacity), chunkIds };
  }
}

const locateNonZero = async (reader: RepositoryReader, ids: Uint8Array): Promise<Map<number, RecordLocation>> => {
  const slots = Array.from({ length: idCount(ids) }, (_, slot) => slot).filter((slot) => !isZeroId(idAt(ids, slot)));
  const locations = await reader.locate("chunk", Buffer.concat(slots.map((slot) => idAt(ids, slot))));
  const found = new Map<number, RecordLocation>();
  for (const [index, slot] of slots.entries()) {
    const location = locations[index];
    if (location) found.set(slot, location);
  }
  return found;
};

/** Reads a chunk's record, a second time when the first gave damage (D5). */
const read = async (
  { position, id, location }: Wanted,
  { reader, signal, onDamaged }: ContentDeps,
): Promise<DiskContent> => {
  if (!location) return { kind: "damaged", position, code: "CHUNK_MISSING" };
  for (let reads = 1; ; reads += 1) {
    signal.throwIfAborted();
    try {
      return { kind: "record", position, id, record: await readWhole(reader, location) };
    } catch (caught) {
      const code = damageOf(caught);
      if (!code) throw caught;
      if (reads < 2) continue;
      onDamaged?.(location);
      return { kind: "damaged", position, code };
    }
  }
};

/** The damage that an error tells of; undefined when it tells of something else, such as storage out of reach. */
export const damageOf = (caught: unknown): DamageCode | undefined => {
  if (hasCode(caught, "CHUNK_MISSING")) return "CHUNK_MISSING";
  return hasCode(caught, "CHUNK_DAMAGED") ? "CHUNK_DAMAGED" : undefined;
};

/** A record whose stored bytes were compared with their hash, off the main thread (D4). */
const readWhole = async (reader: RepositoryReader, location: RecordLocation): Promise<Uint8Array> => {
  const record = await reader.readAt(location);
  const { header, stored } = parseRecord(record);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(stored)));
  if (equalBytes(digest, header.storedHash)) return record;
  throw new HoldfastError("CHUNK_DAMAGED", `stored bytes at ${location.offset} of ${location.pack} do not match`);
};
