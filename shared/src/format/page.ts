import { HoldfastError } from "../errors/holdfast-error.ts";
import { isZero } from "./chunk-id.ts";
import { equalBytes, idCount, idSize, sha256, zeroId } from "./content-id.ts";
import { keyedId } from "./repository-keys.ts";

/** The most chunk ids that a leaf lists: 1 GiB of disk at 1 MiB a chunk. */
export const leafCapacity = 1024;
/** The most page ids that a node lists. */
export const nodeCapacity = 256;
/** Bytes before the ids of a page. */
export const pageHeaderSize = 8;
/** Bytes of a full leaf, the largest page. */
export const largestPageBytes = pageHeaderSize + leafCapacity * idSize;

/** The most ids that a page of that level lists. */
export const capacityOf = (level: number): number => (level === 0 ? leafCapacity : nodeCapacity);

/** The highest level that a disk of 2^32 chunks needs. */
export const highestLevel = 3;

/** A list of ids: of chunks at level 0 (a leaf), of pages of the level below otherwise (a node). */
export interface Page {
  readonly level: number;
  /** 32 bytes each, one after another; a zero id stands for a stretch of zeros. Never all zero. */
  readonly ids: Uint8Array;
}

/** A page with its id and bytes, ready to become a record. */
export interface EncodedPage {
  /** SHA-256 of `bytes` (under the id key of an encrypted repository), or the zero id. */
  readonly id: Uint8Array;
  /** Empty for a page of zeros, which is never stored. */
  readonly bytes: Uint8Array;
}

const magic = Buffer.from("HFPG", "latin1");
const pageVersion = 1;

/** Encodes a page and names it; a page whose ids are all zero becomes the zero page. */
export const encodePage = ({ level, ids }: Page, idKey?: Uint8Array): EncodedPage => {
  if (isZero(ids)) return { id: zeroId, bytes: new Uint8Array(0) };
  const bytes = Buffer.alloc(pageHeaderSize + ids.byteLength);
  magic.copy(bytes);
  bytes[4] = pageVersion;
  bytes[5] = level;
  bytes.writeUInt16LE(idCount(ids), 6);
  bytes.set(ids, pageHeaderSize);
  return { id: pageIdOf(bytes, idKey), bytes };
};

/** The id of a page that is stored, by its plain bytes. */
export const pageIdOf = (bytes: Uint8Array, idKey?: Uint8Array): Uint8Array =>
  idKey === undefined ? sha256(bytes) : keyedId(idKey, bytes);

const damaged = (what: string): HoldfastError => new HoldfastError("CHUNK_DAMAGED", `a page ${what}`);

const checkIds = (level: number, count: number, ids: Uint8Array): void => {
  if (count < 1 || count > capacityOf(level)) throw damaged(`of level ${level} lists ${count} ids`);
  if (ids.byteLength !== count * idSize) throw damaged(`has ${ids.byteLength} bytes for its ${count} ids`);
  if (isZero(ids)) throw damaged("of zeros is stored");
};

/** Reads a page's bytes; `ids` is a view of them. CHUNK_DAMAGED for what is none, SCHEMA_TOO_NEW for a later version. */
export const decodePage = (bytes: Uint8Array): Page => {
  if (bytes.byteLength < pageHeaderSize || !equalBytes(bytes.subarray(0, magic.byteLength), magic)) {
    throw damaged("does not start with its magic");
  }
  const version = bytes[4] ?? 0;
  if (version > pageVersion) throw new HoldfastError("SCHEMA_TOO_NEW", `a page of version ${version}`);
  const level = bytes[5] ?? 0;
  if (version < 1 || level > highestLevel) throw damaged(`has version ${version} and level ${level}`);
  const ids = bytes.subarray(pageHeaderSize);
  checkIds(level, new DataView(bytes.buffer, bytes.byteOffset).getUint16(6, true), ids);
  return { level, ids };
};
