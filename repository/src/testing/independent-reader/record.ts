import { zstdDecompressSync } from "node:zlib";
import { require, sha256, uuidText } from "./bytes.ts";
import { decodeLz4Block } from "./lz4-block.ts";

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
  };
};

/** The plain bytes of a record that is not sealed (§3, codecs). */
export const decodeStored = (header: Header, stored: Buffer): Buffer => {
  const { codec, plainLength } = header;
  const plain = byCodec(codec, stored, plainLength);
  require(plain.length === plainLength, "a record's plain length");
  return plain;
};

const byCodec = (codec: number, stored: Buffer, plainLength: number): Buffer => {
  if (codec === 1) return stored;
  if (codec === 2) return zstdDecompressSync(stored, { maxOutputLength: plainLength });
  require(codec === 3 && stored.readUInt32LE(0) === plainLength, "a codec");
  return decodeLz4Block(stored.subarray(4), plainLength);
};
