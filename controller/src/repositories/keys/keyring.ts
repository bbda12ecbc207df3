import type { GetRepositoryResponse } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { fromHex, toHex } from "@holdfast/shared/format/content-id";
import { decodeManifest, type Manifest } from "@holdfast/shared/format/manifest";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { deriveKeys, keyBytes, type RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { checkKeyList, type KeyList, parseKeyList } from "@holdfast/shared/keys/key-list";
import { unlock, withNewKey, withPassword } from "@holdfast/shared/keys/master-key";
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
    if (record.listNumber === keyListNumber) return;
    await this.#keep(master, parseKeyList(await repository.getKeys(signal)));
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

  async #change(
    repository: Keyed,
    change: (what: MasterKey, list: KeyList) => KeyList | Promise<KeyList>,
    signal: AbortSignal,
  ): Promise<HeldKeys> {
    const { master } = this.require(repository);
    const list = checkKeyList(master.master, parseKeyList(await repository.getKeys(signal)));
    const next = await change(master, list);
    await repository.putKeys(JSON.stringify(next), signal);
    return await this.#keep(master, next);
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
