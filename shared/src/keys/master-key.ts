import { HoldfastError } from "../errors/holdfast-error.ts";
import type { RepositoryId } from "../format/repository-id.ts";
import { deriveKeys, keyBytes, keyCheckOf, newKeyId, type RepositoryKeys } from "../format/repository-keys.ts";
import type { RandomBytes } from "../ids/ids.ts";
import { checkKeyList, type KeyList, makeKeyList } from "./key-list.ts";
import {
  type KeyProof,
  type MasterKey,
  type ScryptCosts,
  unwrapMaster,
  wrapWithPassword,
  wrapWithRecoveryKey,
} from "./wrap-key.ts";

/** What a descriptor says of an encrypted repository. */
export interface RepositoryEncryption {
  /** Tells a wrong master key from the right one. */
  readonly keyCheck: string;
}

/** An encrypted repository, as it states itself. */
export interface EncryptedRepository {
  readonly repositoryId: RepositoryId;
  readonly encryption: RepositoryEncryption;
}

/** How keys are made. */
export interface MakingKeys {
  readonly random: RandomBytes;
  readonly costs?: ScryptCosts;
}

/** The keys of a repository that is about to be made. The recovery key is shown once and kept by nobody. */
export interface NewKeys {
  readonly encryption: RepositoryEncryption;
  readonly keyList: KeyList;
  /** The same once more, under the next number. */
  readonly twin: KeyList;
  readonly recoveryKey: Uint8Array;
}

/** Makes a master key and wraps it under a password and under a new recovery key. */
export const makeKeys = async (repositoryId: RepositoryId, password: string, making: MakingKeys): Promise<NewKeys> => {
  const { random } = making;
  const what: MasterKey = { repositoryId, master: random(keyBytes) };
  const recoveryKey = random(keyBytes);
  const id = newKeyId(random);
  const wraps = [await wrapWithPassword(what, password, making), wrapWithRecoveryKey(what, recoveryKey, random)];
  const keyList = makeKeyList(what.master, { number: 1, activeKeyId: id, keyIds: [id], wraps });
  return { encryption: { keyCheck: keyCheckOf(what.master) }, keyList, twin: twinOf(what, keyList), recoveryKey };
};

/**
 * The master key of a repository, checked against what it says of itself, and its key list against the key. KEY_WRONG for another
 * password or recovery key, REPOSITORY_DAMAGED for a list or a wrap that was forged.
 */
export const unlock = async (
  { repositoryId, encryption }: EncryptedRepository,
  keyList: KeyList,
  proof: KeyProof,
): Promise<MasterKey> => {
  const master = await unwrapMaster(repositoryId, keyList.wraps, proof);
  if (keyCheckOf(master) !== encryption.keyCheck)
    throw new HoldfastError("REPOSITORY_DAMAGED", `key list ${keyList.number} wraps a key of another repository`);
  checkKeyList(master, keyList);
  return { repositoryId, master };
};

/** The keys that a master key opens, by a list that it was proven to have made. */
export const keysOf = ({ master }: MasterKey, keyList: KeyList): RepositoryKeys =>
  deriveKeys(master, checkKeyList(master, keyList));

const next = ({ master }: MasterKey, list: KeyList, change: Partial<KeyList>): KeyList => {
  const { code: _code, ...current } = list;
  return makeKeyList(master, { ...current, ...change, number: list.number + 1 });
};

/** The same list under the next number: one object that goes bad must not take all keys with it. */
export const twinOf = (what: MasterKey, list: KeyList): KeyList => next(what, list, {});

/** The list after a change of the password: recovery keys stay good. */
export const withPassword = async (
  what: MasterKey,
  list: KeyList,
  { password, ...making }: MakingKeys & { readonly password: string },
): Promise<KeyList> => {
  const others = list.wraps.filter(({ kind }) => kind !== "scrypt");
  return next(what, list, { wraps: [await wrapWithPassword(what, password, making), ...others] });
};

/** The list with one more recovery key, which is shown once. */
export const withRecoveryKey = (
  what: MasterKey,
  list: KeyList,
  random: RandomBytes,
): { readonly keyList: KeyList; readonly recoveryKey: Uint8Array } => {
  const recoveryKey = random(keyBytes);
  const wraps = [...list.wraps, wrapWithRecoveryKey(what, recoveryKey, random)];
  return { keyList: next(what, list, { wraps }), recoveryKey };
};

/** The list with a new active key: what is sealed from then on, a former key does not open. Ids stay as they are. */
export const withNewKey = (what: MasterKey, list: KeyList, random: RandomBytes): KeyList => {
  const id = newKeyId(random);
  return next(what, list, { activeKeyId: id, keyIds: [...list.keyIds, id] });
};
