import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from "node:crypto";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { equalBytes } from "../format/content-id.ts";

/** Bytes of either half of a recovery key (X25519). */
export const recoveryKeyBytes = 32;

/** The two halves of an installation's recovery key. */
export interface RecoveryKeyPair {
  /** What the controller keeps: seals, and opens nothing. */
  readonly publicKey: Uint8Array;
  /** What only the recovery kit has (R12). */
  readonly privateKey: Uint8Array;
}

/** Makes a recovery key. */
export const makeRecoveryKey = (): RecoveryKeyPair => {
  const { privateKey } = generateKeyPairSync("x25519");
  const { d = "" } = privateKey.export({ format: "jwk" });
  const bytes = Buffer.from(d, "base64url");
  return { privateKey: bytes, publicKey: publicHalfOf(bytes) };
};

// DER of a PKCS #8 and of an SPKI X25519 key (RFC 8410) up to the 32 bytes of the key itself.
const privatePrefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicPrefix = Buffer.from("302a300506032b656e032100", "hex");

/** The private half as Node takes it. */
export const toPrivateKey = (bytes: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([privatePrefix, bytes]), format: "der", type: "pkcs8" });

/** The public half as Node takes it. */
export const toPublicKey = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([publicPrefix, bytes]), format: "der", type: "spki" });

/** The 32 bytes of a public key. */
export const publicBytesOf = (key: KeyObject): Uint8Array =>
  key.export({ format: "der", type: "spki" }).subarray(publicPrefix.length);

/** The public half that belongs to a private one. */
export const publicHalfOf = (privateKey: Uint8Array): Uint8Array =>
  publicBytesOf(createPublicKey(toPrivateKey(privateKey)));

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const mark = "HFRK1";
const checksumBytes = 3;
const groupLength = 4;

/** The private half in text (repository-format.md §9): what stands in a recovery kit. */
export const writeRecoveryKey = (privateKey: Uint8Array): string => {
  const characters = toBase32(Buffer.concat([privateKey, checksumOf(privateKey)]));
  const groups = characters.match(new RegExp(`.{1,${groupLength}}`, "g")) ?? [];
  return [mark, ...groups].join("-");
};

const keyForm = /HFRK1((?:[-\s]*[0-9A-Za-z]){56})(?![-\s]*[0-9A-Za-z])/i;

/**
 * The private half in a text, which may be a whole recovery kit. CONFIG_INVALID when there is none, RECOVERY_KEY_WRONG when it was
 * mistyped.
 */
export const readRecoveryKey = (text: string): Uint8Array => {
  const line = text.split("\n").find((one) => /HFRK1/i.test(one)) ?? "";
  const characters = keyForm.exec(line)?.[1]?.replaceAll(/[-\s]/g, "");
  if (characters === undefined)
    throw new HoldfastError("CONFIG_INVALID", `there is no whole recovery key (${mark}-…, 14 groups of four)`);
  const bytes = fromBase32(characters);
  const [key, checksum] = [bytes?.subarray(0, recoveryKeyBytes), bytes?.subarray(recoveryKeyBytes)];
  if (key === undefined || checksum === undefined || !equalBytes(checksum, checksumOf(key)))
    throw new HoldfastError("RECOVERY_KEY_WRONG", "the recovery key was mistyped: its checksum is not right");
  return key;
};

/** Which recovery key: short, and nothing that helps to find it. */
export const recoveryKeyId = (publicKey: Uint8Array): Uint8Array => hash("sha256", publicKey, "buffer").subarray(0, 8);

const checksumOf = (privateKey: Uint8Array): Uint8Array =>
  hash("sha256", Buffer.concat([Buffer.from("holdfast recovery key 1"), privateKey]), "buffer").subarray(
    0,
    checksumBytes,
  );

const toBase32 = (bytes: Uint8Array): string => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet.charAt(Number.parseInt(five, 2))).join("");
};

/** Undefined when a character is none of the alphabet. */
const fromBase32 = (text: string): Uint8Array | undefined => {
  const plain = text.toUpperCase().replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const digits = plain.split("").map((character) => alphabet.indexOf(character));
  if (digits.includes(-1)) return undefined;
  const bits = digits.map((digit) => digit.toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (eight) => Number.parseInt(eight, 2));
};
