import { createCipheriv, createDecipheriv, scrypt } from "node:crypto";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { fromHex, toHex } from "../format/content-id.ts";
import { type RepositoryId, repositoryIdBytes } from "../format/repository-id.ts";
import { deriveRecoveryWrapKey, keyBytes } from "../format/repository-keys.ts";
import { sealTagBytes } from "../format/seal.ts";
import type { RandomBytes } from "../ids/ids.ts";
import type { KeyWrap, RecoveryWrap, ScryptWrap } from "./key-list.ts";

/** What turning a password into a key costs: 128 × N × r bytes of memory. */
export interface ScryptCosts {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB, and about half a second. */
export const usualScryptCosts: ScryptCosts = { N: 2 ** 17, r: 8, p: 1 };

/** Characters of a password that protects a repository, at least: whoever has the store can try as many as he likes. */
const shortestPassword = 8;

/** A master key and the repository that it is of: it unwraps for no other. */
export interface MasterKey {
  readonly repositoryId: RepositoryId;
  readonly master: Uint8Array;
}

/** Wraps a master key under a password; INVALID_ARGUMENT for one that is too short. The work is done in a thread. */
export const wrapWithPassword = async (
  { repositoryId, master }: MasterKey,
  password: string,
  { random, costs = usualScryptCosts }: { readonly random: RandomBytes; readonly costs?: ScryptCosts },
): Promise<ScryptWrap> => {
  if (password.length < shortestPassword)
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      `a password of a repository has at least ${shortestPassword} characters`,
    );
  const salt = random(16);
  const key = await stretch(password, salt, costs);
  const { N, r, p } = costs;
  return {
    kind: "scrypt",
    salt: toHex(salt),
    N,
    r,
    p,
    ...seal(key, { repositoryId, master }, { kind: "scrypt", random }),
  };
};

/** Wraps a master key under a recovery key of 32 random bytes. */
export const wrapWithRecoveryKey = (what: MasterKey, recoveryKey: Uint8Array, random: RandomBytes): RecoveryWrap => ({
  kind: "recovery",
  ...seal(deriveRecoveryWrapKey(recoveryKey), what, { kind: "recovery", random }),
});

/** What a repository can be opened with. */
export type KeyProof =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "recovery"; readonly recoveryKey: Uint8Array };

/** The master key; KEY_WRONG when none of the wraps opens with this. */
export const unwrapMaster = async (
  repositoryId: RepositoryId,
  wraps: readonly KeyWrap[],
  proof: KeyProof,
): Promise<Uint8Array> => {
  for (const wrap of wraps) {
    const key = await keyFor(wrap, proof);
    const master = key === undefined ? undefined : open(key, repositoryId, wrap);
    if (master !== undefined) return master;
  }
  const what = proof.kind === "password" ? "password" : "recovery key";
  throw new HoldfastError("KEY_WRONG", `the ${what} does not open repository ${repositoryId}`);
};

const keyFor = async (wrap: KeyWrap, proof: KeyProof): Promise<Uint8Array | undefined> => {
  if (wrap.kind === "scrypt" && proof.kind === "password")
    return await stretch(proof.password, fromHex(wrap.salt), wrap);
  if (wrap.kind === "recovery" && proof.kind === "recovery") return deriveRecoveryWrapKey(proof.recoveryKey);
  return undefined;
};

/** The same letters make the same key, however a keyboard composes them. */
const stretch = async (password: string, salt: Uint8Array, { N, r, p }: ScryptCosts): Promise<Uint8Array> =>
  await new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 128 * N * r + 64 * 1024 * 1024 };
    scrypt(password.normalize("NFC"), salt, keyBytes, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });

const associatedOf = (repositoryId: RepositoryId, kind: KeyWrap["kind"]): Uint8Array =>
  Buffer.concat([Buffer.from(`holdfast ${kind} wrap v1`, "latin1"), repositoryIdBytes(repositoryId)]);

const seal = (
  key: Uint8Array,
  { repositoryId, master }: MasterKey,
  { kind, random }: { readonly kind: KeyWrap["kind"]; readonly random: RandomBytes },
): { readonly nonce: string; readonly sealed: string } => {
  const nonce = random(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(associatedOf(repositoryId, kind));
  return {
    nonce: toHex(nonce),
    sealed: toHex(Buffer.concat([cipher.update(master), cipher.final(), cipher.getAuthTag()])),
  };
};

const open = (
  key: Uint8Array,
  repositoryId: RepositoryId,
  { kind, nonce, sealed }: KeyWrap,
): Uint8Array | undefined => {
  const bytes = fromHex(sealed);
  const decipher = createDecipheriv("aes-256-gcm", key, fromHex(nonce), { authTagLength: sealTagBytes });
  decipher.setAAD(associatedOf(repositoryId, kind)).setAuthTag(bytes.subarray(-sealTagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -sealTagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
};
