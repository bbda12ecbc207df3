import { HoldfastError } from "../errors/holdfast-error.ts";
import { fromHex, toHex } from "../format/content-id.ts";
import { deriveKeyListKey, hmacSha256, type KeyIds, keyBytes, keyIdBytes } from "../format/repository-keys.ts";
import { sealTagBytes } from "../format/seal.ts";
import { z } from "zod";

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const keyId = hex(keyIdBytes).refine((id) => !/^0+$/.test(id));
const sealed = { nonce: hex(12), sealed: hex(keyBytes + sealTagBytes) };

/** Costs of scrypt that are taken; more than 1 GiB of memory is refused, so that a forged list cannot take a machine down. */
const scryptWrapSchema = z
  .strictObject({
    kind: z.literal("scrypt"),
    salt: hex(16),
    N: z
      .int()
      .min(2 ** 14)
      .max(2 ** 22),
    r: z.int().min(1).max(32),
    p: z.int().min(1).max(16),
    ...sealed,
  })
  .refine(({ N, r }) => Number.isInteger(Math.log2(N)) && 128 * N * r <= 2 ** 30, "costs of scrypt that make no sense");
const recoveryWrapSchema = z.strictObject({ kind: z.literal("recovery"), ...sealed });

/** The master key, under a password or a recovery key. */
export const keyWrapSchema = z.discriminatedUnion("kind", [scryptWrapSchema, recoveryWrapSchema]);
export type KeyWrap = z.infer<typeof keyWrapSchema>;
export type ScryptWrap = z.infer<typeof scryptWrapSchema>;
export type RecoveryWrap = z.infer<typeof recoveryWrapSchema>;

/** The keys of a repository as one object of its log states them, the highest number wins (repository-format.md §10.3). */
export const keyListSchema = z.strictObject({
  /** From 1. */
  number: z.int().min(1).max(0xffff_ffff),
  activeKeyId: keyId,
  keyIds: z.array(keyId).min(1).max(1024),
  wraps: z.array(keyWrapSchema).min(1).max(16),
  /** Over number and key ids, under a key of the master key's. */
  code: hex(32),
});
export type KeyList = z.infer<typeof keyListSchema>;

const codeOf = (master: Uint8Array, { number, activeKeyId, keyIds }: KeyIds & { readonly number: number }): string => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(number);
  return toHex(hmacSha256(deriveKeyListKey(master), head, fromHex(activeKeyId), ...keyIds.map(fromHex)));
};

/** A key list with its code. */
export const makeKeyList = (master: Uint8Array, list: Omit<KeyList, "code">): KeyList => ({
  ...list,
  code: codeOf(master, list),
});

/** Proves that whoever holds the master key made the list: a forged one could bring a leaked key back. REPOSITORY_DAMAGED. */
export const checkKeyList = (master: Uint8Array, list: KeyList): KeyList => {
  if (list.code === codeOf(master, list) && list.keyIds.includes(list.activeKeyId)) return list;
  throw new HoldfastError("REPOSITORY_DAMAGED", `key list ${list.number} was not made by who holds the master key`);
};

/** A key list from its text; INVALID_ARGUMENT for what is none. */
export const parseKeyList = (text: string): KeyList => {
  try {
    return keyListSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new HoldfastError("INVALID_ARGUMENT", "a list of keys is not what its schema says", { cause });
  }
};

/**
 * Refuses with FAILED_PRECONDITION a list that does not follow the present one, or the highest number, which a damaged list may have: it
 * has the next number and leaves no key id out.
 */
export const checkFollows = (next: KeyList, current: KeyList | undefined, highest: number): void => {
  const number = highest + 1;
  const forgotten = (current?.keyIds ?? []).find((id) => !next.keyIds.includes(id));
  if (next.number !== number)
    throw new HoldfastError("FAILED_PRECONDITION", `the next list of keys has number ${number}, not ${next.number}`);
  if (forgotten !== undefined || !next.keyIds.includes(next.activeKeyId))
    throw new HoldfastError("FAILED_PRECONDITION", `the list of keys leaves out key ${forgotten ?? next.activeKeyId}`);
};
