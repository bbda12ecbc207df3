import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, idSize } from "@holdfast/shared/format/content-id";
import { decodeRecordHeader, type RecordKind, recordHeaderSize } from "@holdfast/shared/format/record-header";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { damageOf } from "../readings/disk-content.ts";
import { packName, type PackKey } from "../store/object-names.ts";
import { decodeTable } from "../store/pack-contents.ts";
import type { PackSummary } from "../store/pack-reader.ts";
import type { RecordLocation, RepositoryStore } from "../store/repository-store.ts";
import { judgeAt, type RecordVerdict } from "./judge-record.ts";

/** What reading a pack back found. */
export interface PackReport {
  readonly records: number;
  readonly failed: readonly FailedRecord[];
  /** The pack itself is not there. */
  readonly isGone: boolean;
  /** Its table of contents, or its header, is damaged: its records were found by the index. */
  readonly isTableDamaged: boolean;
}

/** A record that is not what it should be. */
export type FailedRecord = Exclude<RecordVerdict, { readonly verdict: "sound" }>;

/** What verifying packs needs. */
export interface PackVerifying {
  readonly store: RepositoryStore;
  /** Called before every window of bytes: makes room for others. */
  readonly rest: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Bytes that are read at once. */
const windowBytes = 8 * 1024 * 1024;
/** Records that are checked at once. */
const recordsAtOnce = 4;
/** Ids looked up at once. */
const idsAtOnce = 4096;

/** Reads every record of a pack back. Throws for storage that did not answer: then nothing is known of the pack. */
export const verifyPack = async (verifying: PackVerifying, pack: PackKey): Promise<PackReport> => {
  try {
    const summary = await openByTable(verifying.store, pack);
    const locations = summary ? tableLocations(pack, summary) : await indexedLocations(verifying.store, pack);
    const inQuarantine = new Set(verifying.store.quarantinedOffsets(pack));
    const due = locations.filter(({ offset }) => !inQuarantine.has(offset));
    const failed = await verifyLocations(verifying, pack, due);
    return { records: due.length, failed, isGone: false, isTableDamaged: !summary };
  } catch (caught) {
    if (!hasCode(caught, "NOT_FOUND")) throw caught;
    return { records: 0, failed: [], isGone: true, isTableDamaged: false };
  }
};

/** Undefined when the pack cannot tell by itself what is in it. */
const openByTable = async (store: RepositoryStore, pack: PackKey): Promise<PackSummary | undefined> => {
  try {
    const summary = await store.openPack(pack);
    return summary.found === "table" ? summary : undefined;
  } catch (caught) {
    if (hasCode(caught, "REPOSITORY_DAMAGED")) return undefined;
    throw caught;
  }
};

const tableLocations = (pack: PackKey, { header, table }: PackSummary): readonly RecordLocation[] =>
  [...decodeTable(table)].map(({ id, offset, plainLength, storedLength, level }) => ({
    kind: header.kind,
    id: Uint8Array.from(id),
    pack: packName(pack),
    offset,
    plainLength,
    storedLength,
    level,
  }));

const indexedLocations = async (store: RepositoryStore, pack: PackKey): Promise<readonly RecordLocation[]> => {
  const records = await store.indexedRecords(pack);
  const name = packName(pack);
  const found: RecordLocation[] = [];
  for (const kind of ["chunk", "page"] as const) {
    const ids = Buffer.concat(records.filter((record) => record.kind === kind).map(({ id }) => id));
    for (let first = 0; first < ids.byteLength; first += idsAtOnce * idSize) {
      const places = await store.locate(kind, ids.subarray(first, first + idsAtOnce * idSize));
      found.push(...places.filter((place) => place !== undefined).filter((place) => place.pack === name));
    }
  }
  return found.toSorted((a, b) => a.offset - b.offset);
};

const verifyLocations = async (
  { store, rest, signal }: PackVerifying,
  pack: PackKey,
  locations: readonly RecordLocation[],
): Promise<readonly FailedRecord[]> => {
  const failed: FailedRecord[] = [];
  for (const window of windowsOf(locations)) {
    await rest();
    signal.throwIfAborted();
    const bytes = await readWindow(store, pack, window);
    const judge = (location: RecordLocation): Promise<RecordVerdict> => judgeIn(store, location, bytes);
    const verdicts = await mapBounded(window.locations, recordsAtOnce, judge, signal);
    failed.push(...verdicts.filter((verdict) => verdict.verdict !== "sound"));
  }
  return failed;
};

interface Window {
  readonly offset: number;
  readonly end: number;
  readonly locations: readonly RecordLocation[];
}

/** Neighbouring records that are read together. */
function* windowsOf(locations: readonly RecordLocation[]): Generator<Window> {
  let window: (Window & { readonly locations: RecordLocation[] }) | undefined;
  for (const location of locations) {
    const end = location.offset + recordHeaderSize + location.storedLength;
    if (window && end - window.offset > windowBytes) {
      yield window;
      window = undefined;
    }
    window = { offset: window?.offset ?? location.offset, end, locations: [...(window?.locations ?? []), location] };
  }
  if (window) yield window;
}

interface Bytes {
  readonly offset: number;
  /** Undefined when the pack ends before: then each record is read by itself. */
  readonly bytes: Uint8Array | undefined;
}

const readWindow = async (store: RepositoryStore, pack: PackKey, { offset, end }: Window): Promise<Bytes> => {
  try {
    return { offset, bytes: await store.readPack(pack, { offset, length: end - offset }) };
  } catch (caught) {
    if (hasCode(caught, "REPOSITORY_DAMAGED")) return { offset, bytes: undefined };
    throw caught;
  }
};

/** What does not prove sound in the window is read by itself, twice, before it is called anything. */
const judgeIn = async (
  store: RepositoryStore,
  location: RecordLocation,
  { offset, bytes }: Bytes,
): Promise<RecordVerdict> => {
  const start = location.offset - offset;
  const record = bytes && Uint8Array.from(bytes.subarray(start, start + recordHeaderSize + location.storedLength));
  if (record && (await isSound(store, record, location))) return { verdict: "sound" };
  return await judgeAt(store, location);
};

const isSound = async (
  store: RepositoryStore,
  record: Uint8Array,
  { kind, id }: { readonly kind: RecordKind; readonly id: Uint8Array },
): Promise<boolean> => {
  try {
    const header = decodeRecordHeader(record);
    if (header.kind !== kind || !equalBytes(header.id, id)) return false;
    await store.verifyBytes(record);
    return true;
  } catch (caught) {
    if (damageOf(caught) || hasCode(caught, "REPOSITORY_MISMATCH")) return false;
    throw caught;
  }
};
