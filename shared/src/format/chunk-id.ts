import { createHash } from "node:crypto";
import { type ChunkSize, largestChunkSize } from "./chunk-size.ts";
import { equalBytes, sha256, zeroId } from "./content-id.ts";
import { keyedId } from "./repository-keys.ts";

const zeros = new Uint8Array(largestChunkSize);

/** True when every byte is zero; compared natively, about memory speed. At most the largest chunk size at a time. */
export const isZero = (bytes: Uint8Array): boolean => equalBytes(bytes, zeros.subarray(0, bytes.byteLength));

/**
 * The id of a chunk: SHA-256 of its bytes padded with zeros to the chunk size, so that growing a disk changes no id; the zero id
 * when all of it is zero. In an encrypted repository it is the HMAC of the same bytes under the id key.
 */
export const chunkIdOf = (plain: Uint8Array, chunkSize: ChunkSize, idKey?: Uint8Array): Uint8Array => {
  if (isZero(plain)) return zeroId;
  if (idKey !== undefined) return keyedId(idKey, plain, zeros.subarray(0, chunkSize - plain.byteLength));
  if (plain.byteLength === chunkSize) return sha256(plain);
  return createHash("sha256")
    .update(plain)
    .update(zeros.subarray(0, chunkSize - plain.byteLength))
    .digest();
};
