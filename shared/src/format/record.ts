import { HoldfastError } from "../errors/holdfast-error.ts";
import { chunkIdOf } from "./chunk-id.ts";
import type { ChunkSize } from "./chunk-size.ts";
import { type Compression, decodeBytes, encodeBytes } from "./codec.ts";
import { equalBytes, sha256, toHex } from "./content-id.ts";
import { largestPageBytes } from "./page.ts";
import {
  decodeRecordHeader,
  encodeRecordHeader,
  type RecordHeader,
  type RecordKind,
  recordHeaderSize,
} from "./record-header.ts";
import type { RepositoryId } from "./repository-id.ts";

/** What a record is made from. */
export interface RecordSource {
  readonly repositoryId: RepositoryId;
  readonly kind: RecordKind;
  /** The id that belongs to `plain`; trusted here, compared by whoever takes the record in. */
  readonly id: Uint8Array;
  readonly plain: Uint8Array;
  readonly compression: Compression;
}

/** A record in its two parts, so that the stored bytes need not be copied; on the wire one follows the other. */
export interface EncodedRecord {
  readonly header: Uint8Array;
  readonly stored: Uint8Array;
}

/** A record taken apart; `stored` is a view of the bytes it came from. */
export interface ParsedRecord {
  readonly header: RecordHeader;
  readonly stored: Uint8Array;
}

/** Compresses, hashes and heads. Blocks for as long as that takes: for lanes and workers. */
export const encodeRecord = ({ repositoryId, kind, id, plain, compression }: RecordSource): EncodedRecord => {
  const { codec, bytes } = encodeBytes(plain, compression);
  const header = encodeRecordHeader({
    repositoryId,
    kind,
    id,
    codec,
    plainLength: plain.byteLength,
    storedLength: bytes.byteLength,
    storedHash: sha256(bytes),
  });
  return { header, stored: bytes };
};

/** Takes one whole record apart without looking at its stored bytes; CHUNK_DAMAGED when the length is not the header's. */
export const parseRecord = (record: Uint8Array): ParsedRecord => {
  const header = decodeRecordHeader(record);
  const stored = record.subarray(recordHeaderSize);
  if (stored.byteLength !== header.storedLength) {
    throw new HoldfastError("CHUNK_DAMAGED", `record ${toHex(header.id)} has ${stored.byteLength} stored bytes`, {
      details: { named: header.storedLength },
    });
  }
  return { header, stored };
};

/** The plain bytes of a record: its stored bytes checked against their hash, then decompressed. CHUNK_DAMAGED otherwise. */
export const openRecord = ({ header, stored }: ParsedRecord): Uint8Array => {
  if (!equalBytes(sha256(stored), header.storedHash)) {
    throw new HoldfastError("CHUNK_DAMAGED", `record ${toHex(header.id)} does not match its checksum`);
  }
  return decodeBytes(stored, header.codec, header.plainLength);
};

/** The id that plain bytes of that kind have. */
export const contentIdOf = (kind: RecordKind, plain: Uint8Array, chunkSize: ChunkSize): Uint8Array =>
  kind === "chunk" ? chunkIdOf(plain, chunkSize) : sha256(plain);

/**
 * The plain bytes of a record, proven to be what its id says. A chunk may be shorter than the chunk size: what is absent is
 * zeros. CHUNK_DAMAGED when stored bytes, length or content do not match.
 */
export const openChecked = (record: ParsedRecord, chunkSize: ChunkSize): Uint8Array => {
  const { header } = record;
  const limit = header.kind === "chunk" ? chunkSize : largestPageBytes;
  if (header.plainLength > limit) {
    throw new HoldfastError(
      "CHUNK_DAMAGED",
      `${header.kind} ${toHex(header.id)} names ${header.plainLength} plain bytes`,
    );
  }
  const plain = openRecord(record);
  if (!equalBytes(contentIdOf(header.kind, plain, chunkSize), header.id)) {
    throw new HoldfastError(
      "CHUNK_DAMAGED",
      `the content of ${header.kind} ${toHex(header.id)} is not what its id says`,
    );
  }
  return plain;
};
