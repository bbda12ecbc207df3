import { HoldfastError } from "../errors/holdfast-error.ts";
import { equalBytes, sha256 } from "../format/content-id.ts";
import { keyBytes } from "../format/repository-keys.ts";

/** Base 32 without letters that look like digits (I, L, O) or make words (U). */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const checkBytes = 3;
const characters = ((keyBytes + checkBytes) * 8) / 5;
const group = 4;

const checkOf = (key: Uint8Array): Uint8Array =>
  sha256(Buffer.concat([Buffer.from("holdfast recovery key v1", "latin1"), key])).subarray(0, checkBytes);

/** A recovery key as people write it down: 14 groups of 4 characters, the last ones a checksum. */
export const formatRecoveryKey = (key: Uint8Array): string => {
  let bits = 0n;
  for (const byte of [...key, ...checkOf(key)]) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let at = 0; at < characters; at += 1) {
    text = alphabet.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return text.match(new RegExp(`.{${group}}`, "g"))?.join("-") ?? text;
};

/** The key that was written down; blanks, hyphens and case do not matter. INVALID_ARGUMENT when it was mistyped. */
export const parseRecoveryKey = (text: string): Uint8Array => {
  const clean = text.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  if (clean.length !== characters) throw mistyped(`has ${clean.length} characters, not ${characters}`);
  let bits = 0n;
  for (const character of clean) {
    const value = alphabet.indexOf(character);
    if (value < 0) throw mistyped(`has the character ${character}`);
    bits = (bits << 5n) | BigInt(value);
  }
  const bytes = Buffer.from(bits.toString(16).padStart((keyBytes + checkBytes) * 2, "0"), "hex");
  const key = Uint8Array.from(bytes.subarray(0, keyBytes));
  if (!equalBytes(bytes.subarray(keyBytes), checkOf(key))) throw mistyped("does not match its checksum");
  return key;
};

const mistyped = (what: string): HoldfastError =>
  new HoldfastError("INVALID_ARGUMENT", `the recovery key was mistyped: it ${what}`);
