import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes } from "@holdfast/shared/format/content-id";
import { decodePage } from "@holdfast/shared/format/page";
import { openChecked, openRecord, parseRecord } from "@holdfast/shared/format/record";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { PackedRecord } from "../ingest/checked-record.ts";
import type { CollectionStore } from "../store/collection-store.ts";
import type { OpenPacks } from "../store/open-packs.ts";
import { decodeTable, type IndexedEntry } from "../store/pack-contents.ts";
import type { PendingPack } from "../store/repository-store.ts";
import type { WeighedPack } from "./classify-packs.ts";
import type { LiveBits } from "./live-bits.ts";

/** What copying needs. */
export interface CompactDeps {
  readonly store: Pick<CollectionStore, "readContents" | "readRange">;
  readonly copies: OpenPacks;
  readonly live: LiveBits;
  readonly chunkSize: ChunkSize;
}

/** What came of one pack: its live records are in these packs, or it stays since one of them is damaged. */
export type Compacted =
  | { readonly kind: "copied"; readonly into: ReadonlySet<PendingPack>; readonly bytes: number }
  | { readonly kind: "damaged" };

/** Bytes that are read at once. */
const runBytes = 4 * 1024 * 1024;

/** Copies the live records of a pack, each checked, to packs that are not durable yet (G5). REPOSITORY_FULL, IO_FAILED. */
export const compactPack = async (
  deps: CompactDeps,
  { key }: WeighedPack,
  signal?: AbortSignal,
): Promise<Compacted> => {
  const into = new Set<PendingPack>();
  let bytes = 0;
  try {
    for await (const record of liveRecords(deps, key, signal)) {
      const { pack } = await deps.copies.append(record, signal);
      into.add(pack);
      bytes += record.bytes.byteLength;
    }
    return { kind: "copied", into, bytes };
  } catch (caught) {
    if (hasCode(caught, "CHUNK_DAMAGED") || hasCode(caught, "REPOSITORY_DAMAGED") || hasCode(caught, "NOT_FOUND"))
      return { kind: "damaged" };
    throw caught;
  }
};

async function* liveRecords(
  { store, live, chunkSize }: CompactDeps,
  key: WeighedPack["key"],
  signal?: AbortSignal,
): AsyncGenerator<PackedRecord> {
  const { table } = await store.readContents(key);
  const entries = Array.from(decodeTable(table)).filter((_, slot) => live.has(key, slot));
  for (const run of runsOf(entries)) {
    signal?.throwIfAborted();
    const { offset, length } = run;
    const bytes = await store.readRange(key, { offset, length });
    for (const entry of run.entries) {
      const start = entry.offset - offset;
      const record = Uint8Array.from(bytes.subarray(start, start + recordHeaderSize + entry.storedLength));
      yield await checked(record, entry, chunkSize);
    }
  }
}

interface Run {
  readonly offset: number;
  length: number;
  readonly entries: IndexedEntry[];
}

/** Neighbours are read together, up to 4 MiB. */
function* runsOf(entries: readonly IndexedEntry[]): Generator<Run> {
  let run: Run | undefined;
  for (const entry of entries) {
    const size = recordHeaderSize + entry.storedLength;
    if (run && run.offset + run.length === entry.offset && run.length + size <= runBytes) {
      run.length += size;
      run.entries.push(entry);
      continue;
    }
    if (run) yield run;
    run = { offset: entry.offset, length: size, entries: [entry] };
  }
  if (run) yield run;
}

/** A record whose header and stored bytes match their checksums, and which is the one that the table of contents names. */
const checked = async (bytes: Uint8Array, entry: IndexedEntry, chunkSize: ChunkSize): Promise<PackedRecord> => {
  const parsed = parseRecord(bytes);
  const { header, stored } = parsed;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(stored)));
  if (!equalBytes(digest, header.storedHash) || !equalBytes(header.id, entry.id)) {
    throw new HoldfastError("CHUNK_DAMAGED", `the record at ${entry.offset} does not match its checksum`);
  }
  if (header.kind === "chunk") return { header, bytes, page: undefined };
  // Of a keyed id nothing more can be seen without the key.
  const plain = header.idHash === "hmac" ? openRecord(parsed) : openChecked(parsed, chunkSize);
  return { header, bytes, page: decodePage(plain) };
};
