import { open, stat, statfs, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { systemCodeOf, toStorageError } from "./storage-error.ts";

/** Room that what frees room may use when the disk is full (K11). */
export interface SpaceReserve {
  /** Runs it; when there is no room, gives the reserve up and runs it once more. It must be fit to be repeated. */
  whenFull<T>(work: () => Promise<T>): Promise<T>;
  /** Makes the reserve again where there is room enough. IO_FAILED. */
  refill(): Promise<void>;
}

/** For stores whose room is not a file system's. */
export const noReserve: SpaceReserve = {
  whenFull: (work) => work(),
  refill: async () => undefined,
};

/** A reserve on a file system. */
export interface FileReserveOptions {
  readonly path: string;
  readonly bytes: number;
  /** Free bytes that refilling leaves. */
  readonly leavesBytes: number;
  readonly random: RandomBytes;
}

const pieceBytes = 1024 * 1024;

/** A file of bytes that cannot be compressed; its blocks are free as soon as it is removed. */
export class FileReserve implements SpaceReserve {
  readonly #options: FileReserveOptions;

  constructor(options: FileReserveOptions) {
    this.#options = options;
  }

  async whenFull<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (caught) {
      if (!hasCode(caught, "REPOSITORY_FULL")) throw caught;
      // Also when it is gone already: another one may just have given it up.
      await this.#giveUp();
      return await work();
    }
  }

  async refill(): Promise<void> {
    const { path, bytes, leavesBytes } = this.#options;
    try {
      if ((await sizeOf(path)) === bytes) return;
      await this.#giveUp();
      const { bavail, bsize } = await statfs(dirname(path));
      if (bytes > 0 && bavail * bsize >= leavesBytes + 2 * bytes) await this.#write();
    } catch (caught) {
      throw toStorageError(caught, "refilling the reserve");
    }
  }

  async #giveUp(): Promise<void> {
    const { path } = this.#options;
    try {
      await unlink(path);
    } catch (caught) {
      if (systemCodeOf(caught) !== "ENOENT") throw toStorageError(caught, "giving up the reserve");
    }
  }

  async #write(): Promise<void> {
    const { path, bytes, random } = this.#options;
    try {
      await using file = await open(path, "wx", 0o640);
      for (let written = 0; written < bytes; written += pieceBytes) {
        await file.writeFile(random(Math.min(pieceBytes, bytes - written)));
      }
      await file.sync();
    } catch (caught) {
      await this.#giveUp();
      throw caught;
    }
  }
}

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (caught) {
    if (systemCodeOf(caught) === "ENOENT") return -1;
    throw caught;
  }
};
