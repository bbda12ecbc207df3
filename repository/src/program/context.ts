import type { Clock } from "@holdfast/shared/clock/clock";
import type { Environment } from "@holdfast/shared/config/environment";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { Catalog } from "../catalog/catalog.ts";
import { openRepositoryReader } from "../store/open-repository-store.ts";
import type { StoreThreads } from "../store/store-threads.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import { givenProof, type KeyOptions } from "./key-proof.ts";
import { type Terminal, writeLine } from "./output.ts";
import { tellPacks } from "./progress.ts";

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly signal: AbortSignal;
  /** Absent where no variable counts. */
  readonly env?: Environment;
  /** Worker threads unless given. */
  readonly threads?: StoreThreads;
  /** Absent where nobody can be asked. */
  readonly askSecret?: (question: string) => Promise<string>;
}

/** What commands open a folder with. */
export interface FolderOptions extends KeyOptions {
  readonly index?: string;
}

/** A bare repository, opened for reading only: no epoch is taken, a running server is not disturbed. */
export interface OpenedDirectory extends AsyncDisposable {
  readonly reader: RepositoryReader;
  readonly catalog: Catalog;
}

/** Threads as opening a repository takes them. */
export const threadsOf = ({ threads }: Pick<CommandContext, "threads">): { readonly threads?: StoreThreads } =>
  threads === undefined ? {} : { threads };

/** What of a repository a command looks at. */
export type Looked = "points" | "points-and-records";

/**
 * Opens a repository's folder for reading and warns of points that are damaged. The index is in memory unless a file is named; what
 * is sealed stays so unless a password or a recovery key was given.
 */
export const openDirectory = async (
  directory: string,
  options: FolderOptions,
  context: CommandContext,
  looked: Looked = "points-and-records",
): Promise<OpenedDirectory> => {
  const { signal, terminal } = context;
  const proof = await givenProof(context, options);
  const where = options.index === undefined ? {} : { indexPath: options.index };
  const records = looked === "points-and-records";
  const reading = { ...where, proof, records, onPack: tellPacks(context), ...threadsOf(context) };
  const reader = await openRepositoryReader(directory, reading, signal);
  try {
    for (const pack of reader.damagedPacks)
      await writeLine(terminal.stderr, `warning: ${pack} is damaged: what can be read of it is used`);
    const catalog = await Catalog.load(reader, signal);
    for (const [pointId, error] of catalog.unreadable) {
      await writeLine(terminal.stderr, `warning: point ${pointId} cannot be read: ${error.message}`);
    }
    return { reader, catalog, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
  } catch (caught) {
    await reader[Symbol.asyncDispose]();
    throw caught;
  }
};
