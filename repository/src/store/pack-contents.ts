import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { codecNumbers, type Codec } from "@holdfast/shared/format/codec";
import { equalBytes, idSize } from "@holdfast/shared/format/content-id";
import { type RecordKind, recordKindNumbers } from "@holdfast/shared/format/record-header";
import { createHash } from "node:crypto";

/** One record in a pack's table of contents. */
export interface PackEntry {
  readonly id: Uint8Array;
  /** Of the record's header, from the start of the pack. */
  readonly offset: number;
  readonly plainLength: number;
  readonly storedLength: number;
  readonly kind: RecordKind;
  readonly codec: Codec;
  /** Of a page; 0 for chunks. */
  readonly level: number;
}

/** What the index keeps of an entry: all but the codec. */
export type IndexedEntry = Omit<PackEntry, "codec" | "kind">;

/** Bytes of one entry. */
export const packEntrySize = 48;
/** Bytes of the footer, which ends a pack. */
export const packFooterSize = 48;

const magic = Buffer.from("HFTC", "latin1");
const version = 1;
const entryAt = { offset: 32, plainLength: 36, storedLength: 40, kind: 44, codec: 45, level: 46 } as const;
const footerAt = { version: 4, entries: 8, length: 12, hash: 16 } as const;

const hashOf = (packHeader: Uint8Array, table: Uint8Array, footer: Uint8Array): Uint8Array =>
  createHash("sha256").update(packHeader).update(table).update(footer.subarray(0, footerAt.hash)).digest();

/** Table of contents and footer, as they end a pack. */
export const encodePackContents = (packHeader: Uint8Array, entries: readonly PackEntry[]): Uint8Array => {
  const bytes = Buffer.alloc(entries.length * packEntrySize + packFooterSize);
  entries.forEach((entry, index) => {
    const start = index * packEntrySize;
    bytes.set(entry.id, start);
    bytes.writeUInt32LE(entry.offset, start + entryAt.offset);
    bytes.writeUInt32LE(entry.plainLength, start + entryAt.plainLength);
    bytes.writeUInt32LE(entry.storedLength, start + entryAt.storedLength);
    bytes[start + entryAt.kind] = recordKindNumbers[entry.kind];
    bytes[start + entryAt.codec] = codecNumbers[entry.codec];
    bytes[start + entryAt.level] = entry.level;
  });
  const table = bytes.subarray(0, entries.length * packEntrySize);
  const footer = bytes.subarray(table.byteLength);
  magic.copy(footer);
  footer[footerAt.version] = version;
  footer.writeUInt32LE(entries.length, footerAt.entries);
  footer.writeUInt32LE(table.byteLength, footerAt.length);
  footer.set(hashOf(packHeader, table, footer), footerAt.hash);
  return bytes;
};

const damaged = (what: string): HoldfastError => new HoldfastError("REPOSITORY_DAMAGED", `a pack's contents ${what}`);

/** Bytes of the table that a footer ends. REPOSITORY_DAMAGED when it is no footer, SCHEMA_TOO_NEW for a later version. */
export const tableLengthOf = (footer: Uint8Array): number => {
  const view = Buffer.from(footer.buffer, footer.byteOffset, footer.byteLength);
  if (view.byteLength !== packFooterSize || !equalBytes(view.subarray(0, magic.byteLength), magic)) {
    throw damaged("have no footer");
  }
  if ((view[footerAt.version] ?? 0) > version) {
    throw new HoldfastError("SCHEMA_TOO_NEW", `a pack's contents of version ${view[footerAt.version]}`);
  }
  const length = view.readUInt32LE(footerAt.length);
  if (length !== view.readUInt32LE(footerAt.entries) * packEntrySize) throw damaged("disagree about their length");
  return length;
};

/** Proves that a table is what its footer and the pack's header say; REPOSITORY_DAMAGED otherwise. */
export const checkTable = (packHeader: Uint8Array, table: Uint8Array, footer: Uint8Array): void => {
  const named = footer.subarray(footerAt.hash, packFooterSize);
  if (!equalBytes(named, hashOf(packHeader, table, footer))) throw damaged("do not match their checksum");
};

/** The entries of a table that was checked. */
export function* decodeTable(table: Uint8Array): Generator<IndexedEntry> {
  const view = Buffer.from(table.buffer, table.byteOffset, table.byteLength);
  for (let start = 0; start + packEntrySize <= view.byteLength; start += packEntrySize) {
    yield {
      id: view.subarray(start, start + idSize),
      offset: view.readUInt32LE(start + entryAt.offset),
      plainLength: view.readUInt32LE(start + entryAt.plainLength),
      storedLength: view.readUInt32LE(start + entryAt.storedLength),
      level: view[start + entryAt.level] ?? 0,
    };
  }
}
