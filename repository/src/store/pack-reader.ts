import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { decodeBytes } from "@holdfast/shared/format/codec";
import { decodePage } from "@holdfast/shared/format/page";
import { decodeRecordHeader, type RecordHeader, recordHeaderSize } from "@holdfast/shared/format/record-header";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { checkTable, encodePackContents, type PackEntry, packFooterSize, tableLengthOf } from "./pack-contents.ts";
import { decodePackHeader, type PackHeader, packHeaderSize } from "./pack-header.ts";
import { packName, type PackKey } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";

/** What a pack holds, as the index takes it in. */
export interface PackSummary {
  readonly header: PackHeader;
  readonly sizeBytes: number;
  /** Entries of 48 bytes, checked, one after another. */
  readonly table: Uint8Array;
  /** `walked` = the table was damaged and the records were found by their headers. */
  readonly found: "table" | "walked";
}

/**
 * Reads what a pack holds by its table of contents, or by walking its records when that is damaged. REPOSITORY_DAMAGED when
 * it is not even a pack of this repository and name; IO_FAILED when the storage could not answer.
 */
export const readPackSummary = async (
  objects: ObjectStore,
  key: PackKey,
  repositoryId: RepositoryId,
): Promise<PackSummary> => {
  const name = packName(key);
  const sizeBytes = await objects.sizeOf(name);
  const headerBytes = await objects.getRange(name, { offset: 0, length: packHeaderSize });
  const header = decodePackHeader(headerBytes);
  if (header.repositoryId !== repositoryId || header.epoch !== key.epoch || header.sequence !== key.sequence) {
    throw new HoldfastError("REPOSITORY_DAMAGED", `${name} is another repository's or another pack`);
  }
  try {
    return { header, sizeBytes, table: await readTable(objects, { name, sizeBytes, headerBytes }), found: "table" };
  } catch (caught) {
    if (!(caught instanceof HoldfastError) || caught.code !== "REPOSITORY_DAMAGED") throw caught;
    return { header, sizeBytes, table: await walkRecords(objects, { name, sizeBytes, headerBytes }), found: "walked" };
  }
};

interface OpenedPack {
  readonly name: string;
  readonly sizeBytes: number;
  readonly headerBytes: Uint8Array;
}

const readTable = async (objects: ObjectStore, pack: OpenedPack): Promise<Uint8Array> => {
  const footerOffset = pack.sizeBytes - packFooterSize;
  if (footerOffset < packHeaderSize) throw new HoldfastError("REPOSITORY_DAMAGED", `${pack.name} is cut short`);
  const footer = await objects.getRange(pack.name, { offset: footerOffset, length: packFooterSize });
  const length = tableLengthOf(footer);
  if (footerOffset - length < packHeaderSize)
    throw new HoldfastError("REPOSITORY_DAMAGED", `${pack.name} is cut short`);
  const table = await objects.getRange(pack.name, { offset: footerOffset - length, length });
  checkTable(pack.headerBytes, table, footer);
  return table;
};

/** Finds records by their own headers until one does not decode, and makes the table that they deserve. */
const walkRecords = async (objects: ObjectStore, pack: OpenedPack): Promise<Uint8Array> => {
  const entries: PackEntry[] = [];
  let offset = packHeaderSize;
  while (offset + recordHeaderSize <= pack.sizeBytes) {
    const header = tryDecode(await objects.getRange(pack.name, { offset, length: recordHeaderSize }));
    const next = offset + recordHeaderSize + (header?.storedLength ?? 0);
    if (header === undefined || next > pack.sizeBytes) break;
    const level = await levelOf(objects, pack.name, { header, offset });
    if (level !== undefined) entries.push({ ...header, offset, level });
    offset = next;
  }
  const contents = encodePackContents(pack.headerBytes, entries);
  return contents.subarray(0, contents.byteLength - packFooterSize);
};

const tryDecode = (bytes: Uint8Array): RecordHeader | undefined => {
  try {
    return decodeRecordHeader(bytes);
  } catch (caught) {
    if (caught instanceof HoldfastError && caught.code === "CHUNK_DAMAGED") return undefined;
    throw caught;
  }
};

/** A page's level, which only its content tells; undefined when the page is damaged. */
const levelOf = async (
  objects: ObjectStore,
  name: string,
  { header, offset }: { readonly header: RecordHeader; readonly offset: number },
): Promise<number | undefined> => {
  if (header.kind === "chunk") return 0;
  const range = { offset: offset + recordHeaderSize, length: header.storedLength };
  const stored = await objects.getRange(name, range);
  try {
    return decodePage(decodeBytes(stored, header.codec, header.plainLength)).level;
  } catch (caught) {
    if (caught instanceof HoldfastError && caught.code === "CHUNK_DAMAGED") return undefined;
    throw caught;
  }
};
