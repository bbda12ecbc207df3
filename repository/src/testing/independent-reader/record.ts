import { zstdDecompressSync } from "node:zlib";
import { isZero, require, sha256, uuidText } from "./bytes.ts";
import type { Keys } from "./keys.ts";
import { decodeLz4Block } from "./lz4-block.ts";
import { openSeal } from "./seal.ts";

/** Bytes of a record's header (§3). */
export const headerBytes = 144;

/** A record's header, checked against its own checksum. */
export interface Header {
  readonly kind: number;
  readonly codec: number;
  readonly plainLength: number;
  readonly storedLength: number;
  readonly id: Buffer;
  readonly sha256: Buffer;
  /** 1 = SHA-256, 2 = keyed (§10.2). */
  readonly idHash: number;
  /** In hexadecimal digits; zeros when it is not sealed. */
  readonly keyId: string;
  readonly nonce: Buffer;
  /** What the seal covers beside the stored bytes. */
  readonly associated: Buffer;
}

/** Reads a record's header (§3); throws when it is not one of this repository. */
export const readHeader = (bytes: Buffer, repositoryId: string): Header => {
  require(bytes.length === headerBytes && bytes.toString("latin1", 0, 4) === "HFRC", "a record's magic");
  require(sha256(bytes.subarray(0, 132)).subarray(0, 12).equals(bytes.subarray(132)), "a record header's checksum");
  require(bytes.readUInt8(4) === 1, "a record's version");
  require(bytes.readUInt32LE(8) === 0, "flags and padding of a record are zero");
  require(uuidText(bytes.subarray(20, 36)) === repositoryId, "a record's repository");
  return {
    kind: bytes.readUInt8(5),
    codec: bytes.readUInt8(7),
    plainLength: bytes.readUInt32LE(12),
    storedLength: bytes.readUInt32LE(16),
    id: bytes.subarray(44, 76),
    sha256: bytes.subarray(100, 132),
    idHash: bytes.readUInt8(6),
    keyId: bytes.toString("hex", 36, 44),
    nonce: bytes.subarray(76, 100),
    associated: bytes.subarray(0, 76),
  };
};

/** The plain bytes of a record (§3, codecs), opened first where all is sealed (§10.2): chunks are, pages are not. */
export const decodeStored = (header: Header, stored: Buffer, keys: Keys | undefined): Buffer => {
  const { kind, codec, plainLength, idHash, keyId, nonce } = header;
  require(idHash === (keys ? 2 : 1), "the hash of ids");
  const isSealed = keys !== undefined && kind === 1;
  require(isSealed !== isZero(Buffer.concat([Buffer.from(keyId, "hex"), nonce])), "key id and nonce of a record");
  const plain = byCodec(codec, isSealed ? unseal(header, stored, keys) : stored, plainLength);
  require(plain.length === plainLength, "a record's plain length");
  return plain;
};

const unseal = ({ keyId, nonce, associated }: Header, stored: Buffer, keys: Keys): Buffer => {
  const key = keys.contentKeys.get(keyId);
  if (!key) throw new Error(`there is no key ${keyId}`);
  return openSeal(key, nonce, associated, stored);
};

const byCodec = (codec: number, stored: Buffer, plainLength: number): Buffer => {
  if (codec === 1) return stored;
  if (codec === 2) return zstdDecompressSync(stored, { maxOutputLength: plainLength });
  require(codec === 3 && stored.readUInt32LE(0) === plainLength, "a codec");
  return decodeLz4Block(stored.subarray(4), plainLength);
};
