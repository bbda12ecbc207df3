import { HoldfastError } from "../errors/holdfast-error.ts";
import type { RandomBytes } from "../ids/ids.ts";
import { kernelRandom } from "../ids/kernel-random.ts";
import { chunkIdOf } from "./chunk-id.ts";
import type { ChunkSize } from "./chunk-size.ts";
import { type Compression, decodeBytes, encodeBytes } from "./codec.ts";
import { equalBytes, sha256, toHex } from "./content-id.ts";
import { largestPageBytes, pageIdOf } from "./page.ts";
import {
  decodeRecordHeader,
  encodeRecordHeader,
  type RecordHeader,
  type RecordKind,
  recordHeaderSize,
  sealedHeaderPart,
} from "./record-header.ts";
import type { RepositoryId } from "./repository-id.ts";
import { missingKey, type OpeningKeys, type SealingKeys } from "./repository-keys.ts";
import { openSeal, sealBytes, sealNonceBytes, sealTagBytes } from "./seal.ts";

/** What a record is made from. */
export interface RecordSource {
  readonly repositoryId: RepositoryId;
  readonly kind: RecordKind;
  /** The id that belongs to `plain`; trusted here, compared by whoever takes the record in. */
  readonly id: Uint8Array;
  readonly plain: Uint8Array;
  readonly compression: Compression;
  /** Of an encrypted repository: chunks are sealed, pages have keyed ids. */
  readonly keys?: SealingKeys | undefined;
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

/**
 * Compresses, seals where there are keys, hashes and heads. Blocks for as long as that takes: for lanes and workers. Nonces are the
 * kernel's for everybody but who makes golden files.
 */
export const encodeRecord = (source: RecordSource, nonces: RandomBytes = kernelRandom): EncodedRecord => {
  const { repositoryId, kind, id, plain, compression, keys } = source;
  const { codec, bytes } = encodeBytes(plain, compression);
  const common = { repositoryId, kind, id, codec, plainLength: plain.byteLength };
  if (keys !== undefined && kind === "chunk") return sealRecord({ ...common, idHash: "hmac" }, bytes, { keys, nonces });
  const header = encodeRecordHeader({
    ...common,
    idHash: keys === undefined ? "sha256" : "hmac",
    storedLength: bytes.byteLength,
    storedHash: sha256(bytes),
    seal: undefined,
  });
  return { header, stored: bytes };
};

/**
 * Seals a chunk under a nonce straight from the kernel: a worker that was cloned or resumed with the rest of its memory never
 * uses one again.
 */
const sealRecord = (
  common: Omit<RecordHeader, "storedLength" | "storedHash" | "seal">,
  bytes: Uint8Array,
  { keys: { keyId, contentKey }, nonces }: { readonly keys: SealingKeys; readonly nonces: RandomBytes },
): EncodedRecord => {
  const nonce = nonces(sealNonceBytes);
  const head = { ...common, storedLength: bytes.byteLength + sealTagBytes, seal: { keyId, nonce } };
  const associated = sealedHeaderPart(encodeRecordHeader({ ...head, storedHash: new Uint8Array(32) }));
  const stored = sealBytes({ key: contentKey, nonce, associated }, bytes);
  return { header: encodeRecordHeader({ ...head, storedHash: sha256(stored) }), stored };
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

/** Compares stored bytes with their hash, which needs no key. CHUNK_DAMAGED when they differ. */
export const checkStored = ({ header, stored }: ParsedRecord): void => {
  if (equalBytes(sha256(stored), header.storedHash)) return;
  throw new HoldfastError("CHUNK_DAMAGED", `record ${toHex(header.id)} does not match its checksum`);
};

/**
 * The plain bytes of a record: its stored bytes checked against their hash, opened where they are sealed, then decompressed.
 * CHUNK_DAMAGED otherwise, KEY_MISSING for a sealed one whose key is not among these.
 */
export const openRecord = (record: ParsedRecord, keys?: OpeningKeys): Uint8Array => {
  checkStored(record);
  const { header, stored } = record;
  return decodeBytes(header.seal === undefined ? stored : unseal(record, keys), header.codec, header.plainLength);
};

const unseal = ({ header, stored }: ParsedRecord, keys: OpeningKeys | undefined): Uint8Array => {
  const { keyId = "", nonce = new Uint8Array() } = header.seal ?? {};
  const key = keys?.contentKeys.get(keyId);
  if (key === undefined) throw missingKey(keyId);
  const plain = openSeal({ key, nonce, associated: sealedHeaderPart(encodeRecordHeader(header)) }, stored);
  if (plain !== undefined) return plain;
  throw new HoldfastError("CHUNK_DAMAGED", `the sealed bytes of record ${toHex(header.id)} were changed`);
};

/** The id that plain bytes of that kind have; keyed where the repository is encrypted. */
export const contentIdOf = (
  kind: RecordKind,
  plain: Uint8Array,
  { chunkSize, idKey }: { readonly chunkSize: ChunkSize; readonly idKey: Uint8Array | undefined },
): Uint8Array => (kind === "chunk" ? chunkIdOf(plain, chunkSize, idKey) : pageIdOf(plain, idKey));

/** Refuses with CHUNK_DAMAGED a header that names more plain bytes than any record of its kind has. */
export const checkPlainLength = ({ kind, id, plainLength }: RecordHeader, chunkSize: ChunkSize): void => {
  if (plainLength <= (kind === "chunk" ? chunkSize : largestPageBytes)) return;
  throw new HoldfastError("CHUNK_DAMAGED", `${kind} ${toHex(id)} names ${plainLength} plain bytes`);
};

/**
 * The plain bytes of a record, proven to be what its id says. A chunk may be shorter than the chunk size: what is absent is
 * zeros. CHUNK_DAMAGED when stored bytes, length or content do not match; KEY_MISSING for keyed ids without their key.
 */
export const openChecked = (record: ParsedRecord, chunkSize: ChunkSize, keys?: OpeningKeys): Uint8Array => {
  const { header } = record;
  checkPlainLength(header, chunkSize);
  const isKeyed = header.idHash === "hmac";
  if (isKeyed && keys === undefined) throw missingKey(header.seal?.keyId ?? "of ids");
  if (!isKeyed && keys !== undefined)
    throw new HoldfastError("CHUNK_DAMAGED", `${header.kind} ${toHex(header.id)} is not sealed, but all are here`);
  const plain = openRecord(record, keys);
  if (!equalBytes(contentIdOf(header.kind, plain, { chunkSize, idKey: keys?.idKey }), header.id)) {
    throw new HoldfastError(
      "CHUNK_DAMAGED",
      `the content of ${header.kind} ${toHex(header.id)} is not what its id says`,
    );
  }
  return plain;
};
