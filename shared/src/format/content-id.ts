import { hash } from "node:crypto";

/** Bytes of every chunk and page id. */
export const idSize = 32;

/** Stands for a chunk of zeros, and for a page whose whole stretch is zeros. Neither is ever stored. */
export const zeroId: Uint8Array = new Uint8Array(idSize);

/** SHA-256 of some bytes, as 32 bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");

/** True when two byte strings are equal in length and content. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** True for the id of zeros. */
export const isZeroId = (id: Uint8Array): boolean => equalBytes(id, zeroId);

/** Lower-case hexadecimal digits, the form in which ids stand in messages, names and JSON. */
export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

/** The bytes of hexadecimal digits; what is not hexadecimal ends it, so the caller checks the length. */
export const fromHex = (digits: string): Uint8Array => Buffer.from(digits, "hex");

/** The `index`th id of ids that stand one after another; a view, not a copy. */
export const idAt = (ids: Uint8Array, index: number): Uint8Array => ids.subarray(index * idSize, (index + 1) * idSize);

/** How many whole ids stand one after another in `ids`. */
export const idCount = (ids: Uint8Array): number => Math.floor(ids.byteLength / idSize);
