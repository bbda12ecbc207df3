import { createHash } from "node:crypto";

/** SHA-256 of the parts, one after another. */
export const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Throws, in words, unless the document's statement holds. */
export const require = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`not as documented: ${what}`);
};

/** A UUID's sixteen bytes as text. */
export const uuidText = (bytes: Uint8Array): string => {
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
};

/** The sixteen bytes of a UUID's text. */
export const uuidBytes = (text: string): Buffer => Buffer.from(text.replaceAll("-", ""), "hex");

/** Eight lower-case hexadecimal digits. */
export const digits8 = (value: number): string => value.toString(16).padStart(8, "0");

/** True for the id that stands for nothing but zeros. */
export const isZero = (id: Uint8Array): boolean => id.every((byte) => byte === 0);
