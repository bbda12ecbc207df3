import type { Clock } from "@holdfast/shared/clock/clock";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { Catalog } from "../catalog/catalog.ts";
import { openRepositoryReader } from "../store/open-repository-store.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import { type Terminal, writeLine } from "./output.ts";

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly signal: AbortSignal;
}

/** A bare repository, opened for reading only: no epoch is taken, a running server is not disturbed. */
export interface OpenedDirectory extends AsyncDisposable {
  readonly reader: RepositoryReader;
  readonly catalog: Catalog;
}

/** Opens a repository's folder for reading and warns of points that are damaged. The index is in memory unless a file is named. */
export const openDirectory = async (
  directory: string,
  indexPath: string | undefined,
  { signal, terminal }: CommandContext,
): Promise<OpenedDirectory> => {
  const reader = await openRepositoryReader(directory, indexPath === undefined ? {} : { indexPath }, signal);
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
