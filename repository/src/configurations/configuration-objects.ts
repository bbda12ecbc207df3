import {
  type ConfigurationKey,
  configurationFolder,
  configurationName,
  configurationsFolder,
  parseConfigurationName,
} from "@holdfast/shared/configuration/configuration-name";
import {
  type ConfigurationHeader,
  configurationHeaderSize,
  configurationOverhead,
  decodeConfigurationHeader,
} from "@holdfast/shared/configuration/configuration-object";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { ObjectStore, Published } from "../store/object-store.ts";
import { superfluous } from "./kept-configurations.ts";

/** One configuration that lies in a repository. */
export interface StoredConfiguration extends ConfigurationKey {
  readonly bytes: number;
  readonly header: ConfigurationHeader;
}

/** A configuration on its way; disposing of it before it was published leaves nothing. */
export interface StagedConfiguration extends AsyncDisposable {
  write(piece: Uint8Array): Promise<void>;
  /** Durable when it resolves; `exists` when the number was taken meanwhile. */
  publish(): Promise<Published>;
}

/** Backups of installations below `configurations/` (repository-format.md §9). */
export class ConfigurationObjects {
  readonly #objects: ObjectStore;
  readonly #repositoryId: RepositoryId | undefined;

  /** Without a repository's id those of any are taken: a recovery needs no descriptor. */
  constructor(objects: ObjectStore, repositoryId?: RepositoryId) {
    this.#objects = objects;
    this.#repositoryId = repositoryId;
  }

  /** By installation, then number; those whose header cannot be read are told and left out. */
  async list(onDamaged: (name: string, error: HoldfastError) => void): Promise<readonly StoredConfiguration[]> {
    const found: StoredConfiguration[] = [];
    for await (const name of this.#objects.list(configurationsFolder)) {
      const key = parseConfigurationName(name);
      if (key === undefined) continue;
      try {
        found.push(await this.#look(key));
      } catch (caught) {
        // Pruned a moment ago.
        if (hasCode(caught, "NOT_FOUND")) continue;
        onDamaged(name, requireDamage(caught));
      }
    }
    return found.toSorted(
      (left, right) => left.installationId.localeCompare(right.installationId) || left.number - right.number,
    );
  }

  /** The highest number of an installation, damaged ones too; 0 for none. */
  async highest(installationId: string): Promise<number> {
    let highest = 0;
    for await (const name of this.#objects.list(configurationFolder(installationId)))
      highest = Math.max(highest, parseConfigurationName(name)?.number ?? 0);
    return highest;
  }

  /** Begins one that comes in pieces. */
  async stage(key: ConfigurationKey): Promise<StagedConfiguration> {
    const staged = await this.#objects.stage(configurationName(key));
    return {
      write: (piece) => staged.write([piece]),
      publish: () => staged.publish(),
      [Symbol.asyncDispose]: () => staged[Symbol.asyncDispose](),
    };
  }

  sizeOf(key: ConfigurationKey): Promise<number> {
    return this.#objects.sizeOf(configurationName(key));
  }

  read(key: ConfigurationKey, range: { readonly offset: number; readonly length: number }): Promise<Uint8Array> {
    return this.#objects.getRange(configurationName(key), range);
  }

  /** Removes what need not be kept of an installation (F1); how many. */
  async prune(installationId: string): Promise<number> {
    const all = await this.list(() => undefined);
    const own = all
      .filter((one) => one.installationId === installationId)
      .map(({ number, header }) => ({ number, createdMs: header.createdMs }));
    const old = superfluous(own);
    for (const { number } of old) await this.#objects.remove(configurationName({ installationId, number }));
    return old.length;
  }

  async #look(key: ConfigurationKey): Promise<StoredConfiguration> {
    const bytes = await this.sizeOf(key);
    const length = Math.min(bytes, configurationHeaderSize);
    const header = decodeConfigurationHeader(await this.read(key, { offset: 0, length }));
    const isForeign = this.#repositoryId !== undefined && header.repositoryId !== this.#repositoryId;
    if (isForeign || header.number !== key.number)
      throw new HoldfastError("CONFIGURATION_DAMAGED", `${configurationName(key)} does not belong there`);
    if (bytes !== header.sealedLength + configurationOverhead)
      throw new HoldfastError("CONFIGURATION_DAMAGED", `${configurationName(key)} has ${bytes} bytes`);
    return { ...key, bytes, header };
  }
}

/** What is passed over because of itself; a storage that does not answer says nothing about any configuration, and is thrown. */
export const requireDamage = (caught: unknown): HoldfastError => {
  const isDamage = hasCode(
    caught,
    "CONFIGURATION_DAMAGED",
    "REPOSITORY_DAMAGED",
    "SCHEMA_TOO_NEW",
    "FEATURE_UNSUPPORTED",
  );
  if (isDamage) return HoldfastError.from(caught);
  throw caught;
};
