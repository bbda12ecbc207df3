import { HoldfastError } from "../errors/holdfast-error.ts";
import { largestChunkSize } from "./chunk-size.ts";
import { type Codec, codecNumbers, codecOfNumber } from "./codec.ts";
import { equalBytes, fromHex, idSize, isZeroId, sha256, toHex } from "./content-id.ts";
import { isZero } from "./chunk-id.ts";
import { type RepositoryId, repositoryIdBytes, repositoryIdFromBytes, repositoryIdSize } from "./repository-id.ts";
import { noKeyId } from "./repository-keys.ts";
import { sealNonceBytes, sealTagBytes } from "./seal.ts";

/** What a record holds; the numbers stand in headers, on the wire and in tables of contents. */
export const recordKindNumbers = { chunk: 1, page: 2 } as const;
export type RecordKind = keyof typeof recordKindNumbers;

/** How ids are made: SHA-256, or HMAC-SHA-256 under the id key of an encrypted repository. */
export const idHashNumbers = { sha256: 1, hmac: 2 } as const;
export type IdHash = keyof typeof idHashNumbers;

/** What a record's stored bytes were sealed with. */
export interface RecordSeal {
  /** 16 hexadecimal digits. */
  readonly keyId: string;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
}

/** What stands before the stored bytes of a chunk or page, in packs and on the wire. */
export interface RecordHeader {
  readonly repositoryId: RepositoryId;
  readonly kind: RecordKind;
  readonly idHash: IdHash;
  /** 32 bytes, never the zero id. */
  readonly id: Uint8Array;
  readonly codec: Codec;
  /** Bytes before compression; of a chunk at most the chunk size, readers pad with zeros. */
  readonly plainLength: number;
  /** Bytes that follow the header. */
  readonly storedLength: number;
  /** SHA-256 of the stored bytes. */
  readonly storedHash: Uint8Array;
  /** Undefined when the stored bytes are not sealed; pages never are. */
  readonly seal: RecordSeal | undefined;
}

/** Bytes of a record header. */
export const recordHeaderSize = 144;

/** The most stored bytes that a record may have: a chunk that does not compress, with room for a seal. */
export const largestStoredLength = largestChunkSize + sealTagBytes;

/** The format version that this code writes; a higher one is refused. */
export const recordVersion = 1;

const magic = Buffer.from("HFRC", "latin1");
const at = {
  version: 4,
  kind: 5,
  hash: 6,
  codec: 7,
  flags: 8,
  reserved: 10,
  plainLength: 12,
  storedLength: 16,
  repositoryId: 20,
  keyId: 36,
  id: 44,
  nonce: 76,
  storedHash: 100,
  checksum: 132,
} as const;

const checksumOf = (header: Uint8Array): Uint8Array =>
  sha256(header.subarray(0, at.checksum)).subarray(0, recordHeaderSize - at.checksum);

/** The 144 bytes of a header, its own checksum included. */
export const encodeRecordHeader = (header: RecordHeader): Uint8Array => {
  const bytes = Buffer.alloc(recordHeaderSize);
  magic.copy(bytes);
  bytes[at.version] = recordVersion;
  bytes[at.kind] = recordKindNumbers[header.kind];
  bytes[at.hash] = idHashNumbers[header.idHash];
  bytes[at.codec] = codecNumbers[header.codec];
  bytes.writeUInt32LE(header.plainLength, at.plainLength);
  bytes.writeUInt32LE(header.storedLength, at.storedLength);
  bytes.set(repositoryIdBytes(header.repositoryId), at.repositoryId);
  bytes.set(header.id, at.id);
  if (header.seal !== undefined) {
    bytes.set(fromHex(header.seal.keyId), at.keyId);
    bytes.set(header.seal.nonce, at.nonce);
  }
  bytes.set(header.storedHash, at.storedHash);
  bytes.set(checksumOf(bytes), at.checksum);
  return bytes;
};

const damaged = (what: string): HoldfastError => new HoldfastError("CHUNK_DAMAGED", `a record header ${what}`);

const checkIntegrity = (bytes: Uint8Array): void => {
  if (bytes.byteLength < recordHeaderSize) throw damaged("is cut short");
  if (!equalBytes(bytes.subarray(0, magic.byteLength), magic)) throw damaged("does not start with its magic");
  if (!equalBytes(bytes.subarray(at.checksum, recordHeaderSize), checksumOf(bytes))) {
    throw damaged("does not match its checksum");
  }
};

const checkVersion = (bytes: Uint8Array): void => {
  const version = bytes[at.version] ?? 0;
  if (version > recordVersion) throw new HoldfastError("SCHEMA_TOO_NEW", `a record of format version ${version}`);
  if (version < 1) throw damaged("has no format version");
};

/** The bytes of a header that a seal covers: all before the nonce. */
export const sealedHeaderPart = (header: Uint8Array): Uint8Array => header.subarray(0, at.nonce);

const unsupported = (what: string): HoldfastError => new HoldfastError("FEATURE_UNSUPPORTED", `a record ${what}`);

const idHashAt = (bytes: Uint8Array): IdHash => {
  if (bytes[at.hash] === idHashNumbers.sha256) return "sha256";
  if (bytes[at.hash] === idHashNumbers.hmac) return "hmac";
  throw unsupported(`names its id by the unknown hash ${bytes[at.hash]}`);
};

/** Only chunks of keyed ids are sealed; a nonce without a key, or a key without a nonce, is nothing that we know. */
const sealAt = (bytes: Uint8Array, idHash: IdHash): RecordSeal | undefined => {
  if (!isZero(bytes.subarray(at.flags, at.plainLength))) throw unsupported("has unknown flags");
  const keyId = toHex(bytes.subarray(at.keyId, at.id));
  const nonce = Uint8Array.from(bytes.subarray(at.nonce, at.nonce + sealNonceBytes));
  const isSealed = keyId !== noKeyId;
  if (isSealed === isZero(nonce)) throw unsupported("is sealed in a way that is not known");
  const mustBeSealed = idHash === "hmac" && bytes[at.kind] === recordKindNumbers.chunk;
  if (isSealed !== mustBeSealed) throw unsupported("is sealed and should not be, or should be and is not");
  return isSealed ? { keyId, nonce } : undefined;
};

const kindOfNumber = (number: number | undefined): RecordKind => {
  if (number === recordKindNumbers.chunk) return "chunk";
  if (number === recordKindNumbers.page) return "page";
  throw new HoldfastError("FEATURE_UNSUPPORTED", `a record of unknown kind ${number}`);
};

const codecAt = (bytes: Uint8Array): Codec => {
  const codec = codecOfNumber(bytes[at.codec] ?? 0);
  if (codec === undefined)
    throw new HoldfastError("FEATURE_UNSUPPORTED", `a record of unknown codec ${bytes[at.codec]}`);
  return codec;
};

const lengthAt = (bytes: Uint8Array, offset: number): number => {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
  if (length === 0 || length > largestStoredLength) throw damaged(`names ${length} bytes`);
  return length;
};

/**
 * The header at the start of `bytes`; ids and hashes are copies. CHUNK_DAMAGED when it does not match its checksum,
 * SCHEMA_TOO_NEW for a later format version, FEATURE_UNSUPPORTED for what this version does not know.
 */
export const decodeRecordHeader = (bytes: Uint8Array): RecordHeader => {
  checkIntegrity(bytes);
  checkVersion(bytes);
  const kind = kindOfNumber(bytes[at.kind]);
  const idHash = idHashAt(bytes);
  const seal = sealAt(bytes, idHash);
  const id = Uint8Array.from(bytes.subarray(at.id, at.id + idSize));
  if (isZeroId(id)) throw damaged("names the id of zeros");
  return {
    repositoryId: repositoryIdFromBytes(bytes.subarray(at.repositoryId, at.repositoryId + repositoryIdSize)),
    kind,
    idHash,
    id,
    codec: codecAt(bytes),
    plainLength: lengthAt(bytes, at.plainLength),
    storedLength: lengthAt(bytes, at.storedLength),
    storedHash: Uint8Array.from(bytes.subarray(at.storedHash, at.checksum)),
    seal,
  };
};
