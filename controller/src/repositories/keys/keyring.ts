import type { GetRepositoryResponse } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { fromHex, toHex } from "@holdfast/shared/format/content-id";
import { decodeManifest, type Manifest } from "@holdfast/shared/format/manifest";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { deriveKeys, keyBytes, type RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { checkKeyList, type KeyList, parseKeyList } from "@holdfast/shared/keys/key-list";
import { unlock, twinOf, withNewKey, withPassword } from "@holdfast/shared/keys/master-key";
import type { KeyProof, MasterKey } from "@holdfast/shared/keys/wrap-key";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Database } from "../../database/database.ts";
import { listRepositoryKeys, removeRepositoryKeys, saveRepositoryKeys } from "../../database/repository-keys-table.ts";
import type { SecretBox } from "../../secrets/secret-box.ts";
import type { RepositoryConnection } from "../repository-connection.ts";
import type { KeyRecord } from "./key-record.ts";

/** What keeping keys needs. */
export interface KeyringDeps {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

/** The keys of one repository at hand. */
export interface HeldKeys {
  readonly master: MasterKey;
  readonly record: KeyRecord;
  readonly keys: RepositoryKeys;
}

type Keyed = Pick<RepositoryConnection, "repositoryId" | "name" | "getKeys" | "putKeys" | "describe">;

const contextOf = (repositoryId: string): string => `repository/${repositoryId}`;

/** Opens the keyring with what the database has; keys that do not open any more are told in the log, and are missing. */
export const openKeyring = async (deps: KeyringDeps): Promise<Keyring> => {
  const held = new Map<string, HeldKeys>();
  for (const record of await listRepositoryKeys(deps.database.queries)) {
    const { repositoryId, masterSealed } = record;
    try {
      const bytes = fromHex(deps.secrets.open(masterSealed, contextOf(repositoryId)));
      if (bytes.byteLength !== keyBytes) throw new HoldfastError("SECRET_UNREADABLE", "a master key that is none");
      const master = { repositoryId: parseRepositoryId(repositoryId), master: bytes };
      held.set(repositoryId, { master, record, keys: deriveKeys(bytes, record) });
    } catch (err) {
      deps.log.error("the key of a repository is lost: unlock it again", { repository: repositoryId, err });
    }
  }
  return new Keyring(deps, held);
};

/** The keys of encrypted repositories. They leave it only in orders and grants for those who may have them (R12). */
export class Keyring {
  readonly #deps: KeyringDeps;
  readonly #held: Map<string, HeldKeys>;

  constructor(deps: KeyringDeps, held: Map<string, HeldKeys>) {
    this.#deps = deps;
    this.#held = held;
  }

  /** Undefined for a repository that is not encrypted, or whose key is not at hand. */
  find(repositoryId: string): HeldKeys | undefined {
    return this.#held.get(repositoryId);
  }

  /** KEY_MISSING when it is not at hand. */
  require({ repositoryId, name }: Pick<Keyed, "repositoryId" | "name">): HeldKeys {
    const held = this.find(repositoryId);
    if (held !== undefined) return held;
    throw new HoldfastError("KEY_MISSING", `repository ${name} is encrypted and its key is not at hand`, {
      details: { repository: repositoryId },
    });
  }

  /** Opens a repository with what an operator gave, and keeps its master key sealed. KEY_WRONG. */
  async unlock(
    repository: Keyed,
    { keyCheck, proof }: { readonly keyCheck: string; readonly proof: KeyProof },
    signal: AbortSignal,
  ): Promise<HeldKeys> {
    const list = parseKeyList(await repository.getKeys(signal));
    const what = { repositoryId: parseRepositoryId(repository.repositoryId), encryption: { keyCheck } };
    return await this.#keep(await unlock(what, list, proof), list);
  }

  /** Brings the keys to what the repository's log says; nothing where it is not encrypted. KEY_MISSING. */
  async refresh(
    repository: Keyed,
    { keyCheck, keyListNumber }: Pick<GetRepositoryResponse, "keyCheck" | "keyListNumber">,
    signal: AbortSignal,
  ): Promise<void> {
    if (keyCheck === "") return;
    const { master, record } = this.require(repository);
    refuseFormer(repository, record, keyListNumber);
    if (record.listNumber === keyListNumber) return;
    const list = parseKeyList(await repository.getKeys(signal));
    // The highest number may be that of a damaged list: it says nothing about the one that counts.
    refuseFormer(repository, record, list.number);
    if (list.number !== record.listNumber) await this.#keep(master, list);
  }

  /** Reads a manifest, after looking for a newer key when it is sealed under one that is not known. KEY_MISSING. */
  async openManifest(repository: Keyed, manifest: Uint8Array, signal: AbortSignal): Promise<Manifest> {
    try {
      return decodeManifest(manifest, this.find(repository.repositoryId)?.keys.manifestKeys);
    } catch (caught) {
      if (!hasCode(caught, "KEY_MISSING")) throw caught;
      await this.refresh(repository, await repository.describe(signal), signal);
      return decodeManifest(manifest, this.require(repository).keys.manifestKeys);
    }
  }

  /** Wraps the master key under another password. */
  async changePassword(repository: Keyed, password: string, signal: AbortSignal): Promise<HeldKeys> {
    const { random } = this.#deps;
    return await this.#change(repository, (what, list) => withPassword(what, list, { password, random }), signal);
  }

  /** Makes a new active key. */
  async rotate(repository: Keyed, signal: AbortSignal): Promise<HeldKeys> {
    return await this.#change(repository, (what, list) => withNewKey(what, list, this.#deps.random), signal);
  }

  /** Forgets a repository's keys. */
  async forget(repositoryId: string): Promise<void> {
    await removeRepositoryKeys(this.#deps.database.queries, repositoryId);
    this.#held.delete(repositoryId);
  }

  /** Writes it twice: one object that goes bad must not take all keys with it. */
  async #change(
    repository: Keyed,
    change: (what: MasterKey, list: KeyList) => KeyList | Promise<KeyList>,
    signal: AbortSignal,
  ): Promise<HeldKeys> {
    const { master, record } = this.require(repository);
    const { keyListNumber } = await repository.describe(signal);
    refuseFormer(repository, record, keyListNumber);
    const { list, damage } = await presentList(repository, { master, record }, signal);
    const next = await change(master, { ...list, number: keyListNumber });
    if (damage !== undefined) this.#tellDamage(repository, next, damage);
    await repository.putKeys(JSON.stringify(next), signal);
    const twin = twinOf(master, next);
    try {
      await repository.putKeys(JSON.stringify(twin), signal);
      return await this.#keep(master, twin);
    } catch (caught) {
      // Who was quicker wrote a list that follows ours: there are two again.
      if (!hasCode(caught, "ALREADY_EXISTS", "FAILED_PRECONDITION")) throw caught;
      return await this.#keep(master, next);
    }
  }

  /** Only a change of the password makes a list out of nothing; it is the one wrap then. */
  #tellDamage({ repositoryId, name }: Keyed, { wraps }: KeyList, err: HoldfastError): void {
    if (wraps.length === 0) throw err;
    const message = "all lists of keys were damaged: the new one opens with the new password, and with no recovery key";
    this.#deps.log.warn(message, { repository: repositoryId, name, err });
  }

  async #keep(what: MasterKey, list: KeyList): Promise<HeldKeys> {
    const { database, secrets, clock } = this.#deps;
    const { number: listNumber, activeKeyId, keyIds } = checkKeyList(what.master, list);
    const { repositoryId, master } = what;
    const record: KeyRecord = {
      repositoryId,
      masterSealed: secrets.seal(toHex(master), contextOf(repositoryId)),
      listNumber,
      activeKeyId,
      keyIds,
      changedMs: clock.nowMs(),
    };
    await saveRepositoryKeys(database.queries, record);
    const held = { master: what, record, keys: deriveKeys(master, record) };
    this.#held.set(repositoryId, held);
    return held;
  }
}

/**
 * A log that ends before what was seen was put back, or cut: its last list may have brought a leaked key or a former password back, and
 * what is sealed under a key that it does not name is lost to everybody but this controller. FAILED_PRECONDITION.
 */
const refuseFormer = ({ name }: Keyed, { listNumber }: KeyRecord, keyListNumber: number): void => {
  if (keyListNumber >= listNumber) return;
  throw new HoldfastError(
    "FAILED_PRECONDITION",
    `the log of keys of repository ${name} ends with list ${keyListNumber}, and list ${listNumber} was there: if the repository was put ` +
      `back to an earlier state, say so with holdfast repository key unlock ${name}`,
  );
};

/** The list that a change begins with, with every key id that is known; without wraps, and with why, where all lists are damaged. */
const presentList = async (
  repository: Keyed,
  { master, record }: Pick<HeldKeys, "master" | "record">,
  signal: AbortSignal,
): Promise<{ readonly list: KeyList; readonly damage?: HoldfastError }> => {
  const { listNumber: number, activeKeyId, keyIds } = record;
  let text: string;
  try {
    text = await repository.getKeys(signal);
  } catch (caught) {
    if (!(caught instanceof HoldfastError) || caught.code !== "REPOSITORY_DAMAGED") throw caught;
    return { list: { number, activeKeyId, keyIds: [...keyIds], wraps: [], code: "" }, damage: caught };
  }
  const list = checkKeyList(master.master, parseKeyList(text));
  const active = list.number < number ? activeKeyId : list.activeKeyId;
  return { list: { ...list, activeKeyId: active, keyIds: [...new Set([...list.keyIds, ...keyIds])] } };
};
