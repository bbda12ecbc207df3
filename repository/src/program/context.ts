import type { Clock } from "@holdfast/shared/clock/clock";
import type { Environment } from "@holdfast/shared/config/environment";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { Catalog } from "../catalog/catalog.ts";
import { openRepositoryReader } from "../store/open-repository-store.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import { givenProof, type KeyOptions } from "./key-proof.ts";
import { type Terminal, writeLine } from "./output.ts";

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly signal: AbortSignal;
  /** Absent where no variable counts. */
  readonly env?: Environment;
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

/**
 * Opens a repository's folder for reading and warns of points that are damaged. The index is in memory unless a file is named; what
 * is sealed stays so unless a password or a recovery key was given.
 */
export const openDirectory = async (
  directory: string,
  options: FolderOptions,
  context: CommandContext,
): Promise<OpenedDirectory> => {
  const { signal, terminal } = context;
  const proof = await givenProof(context, options);
  const where = options.index === undefined ? {} : { indexPath: options.index };
  const reader = await openRepositoryReader(directory, { ...where, proof }, signal);
  try {
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
