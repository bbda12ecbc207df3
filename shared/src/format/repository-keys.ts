import { createHmac, hkdfSync } from "node:crypto";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { RandomBytes } from "../ids/ids.ts";
import { fromHex, isZeroId, toHex } from "./content-id.ts";

/** Bytes of a master key, and of every key that is derived from it. */
export const keyBytes = 32;
/** Bytes of a key id. */
export const keyIdBytes = 8;
/** The key id of what is not sealed. */
export const noKeyId = "0".repeat(keyIdBytes * 2);

/**
 * What a writer needs: the key of ids, the active key in its two parts, and the content keys of chunks that it compares. Passes
 * between threads; never logged (R12).
 */
export interface SealingKeys extends OpeningKeys {
  /** 16 hexadecimal digits. */
  readonly keyId: string;
  readonly contentKey: Uint8Array;
  readonly manifestKey: Uint8Array;
}

/** What a reader of chunks and pages needs. Passes between threads; never logged (R12). */
export interface OpeningKeys {
  readonly idKey: Uint8Array;
  /** By key id. */
  readonly contentKeys: ReadonlyMap<string, Uint8Array>;
}

/** What a reader of manifests needs: manifest keys by key id. */
export type ManifestKeys = ReadonlyMap<string, Uint8Array>;

/** Everything that a master key opens. */
export interface RepositoryKeys {
  readonly sealing: SealingKeys;
  readonly opening: OpeningKeys;
  readonly manifestKeys: ManifestKeys;
}

/** Which keys there are, by the repository's key list. */
export interface KeyIds {
  readonly activeKeyId: string;
  readonly keyIds: readonly string[];
}

const derive = (secret: Uint8Array, info: string, keyId: Uint8Array = new Uint8Array()): Uint8Array =>
  new Uint8Array(
    hkdfSync("sha256", secret, new Uint8Array(), Buffer.concat([Buffer.from(info, "latin1"), keyId]), keyBytes),
  );

/** The keys of a repository (repository-format.md §10.1); KEY_MISSING when the active key is none of the key ids. */
export const deriveKeys = (master: Uint8Array, { activeKeyId, keyIds }: KeyIds): RepositoryKeys => {
  const idKey = deriveIdKey(master);
  const contentKeys = new Map(keyIds.map((id) => [id, derive(master, "holdfast content key v1", fromHex(id))]));
  const manifestKeys = new Map(keyIds.map((id) => [id, derive(master, "holdfast manifest key v1", fromHex(id))]));
  const contentKey = contentKeys.get(activeKeyId);
  const manifestKey = manifestKeys.get(activeKeyId);
  if (contentKey === undefined || manifestKey === undefined) throw missingKey(activeKeyId);
  return {
    sealing: { idKey, keyId: activeKeyId, contentKey, manifestKey, contentKeys },
    opening: { idKey, contentKeys },
    manifestKeys,
  };
};

/** The key under which ids are made. */
export const deriveIdKey = (master: Uint8Array): Uint8Array => derive(master, "holdfast id key v1");

/** What the descriptor says of the key, in hexadecimal digits: tells a wrong master key from the right one, and nothing else. */
export const keyCheckOf = (master: Uint8Array): string =>
  createHmac("sha256", deriveIdKey(master)).update("holdfast key check v1").digest("hex");

/** The key of the code over a key list. */
export const deriveKeyListKey = (master: Uint8Array): Uint8Array => derive(master, "holdfast key list v1");

/** A key that wraps a master key, from a recovery key. */
export const deriveRecoveryWrapKey = (recoveryKey: Uint8Array): Uint8Array =>
  derive(recoveryKey, "holdfast recovery wrap v1");

/** A new key id; never the zero one. */
export const newKeyId = (random: RandomBytes): string => {
  for (;;) {
    const id = toHex(random(keyIdBytes));
    if (id !== noKeyId) return id;
  }
};

/** KEY_MISSING for a key id that the keys at hand do not have. */
export const missingKey = (keyId: string): HoldfastError =>
  new HoldfastError("KEY_MISSING", `key ${keyId} of the repository is not at hand`, { details: { keyId } });

/** HMAC-SHA-256 of some bytes. */
export const hmacSha256 = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};

/** The keyed id of some bytes that follow one another: SHA-256 under the repository's id key. */
export const keyedId = (idKey: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
  const id = hmacSha256(idKey, ...parts);
  if (isZeroId(id)) throw new HoldfastError("INTERNAL", "a keyed id is that of zeros");
  return id;
};
