import { closeSync, openSync, readSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toStorageError } from "../store/storage-error.ts";

/**
 * A file for what does not fit in memory, made when the first block is written. It has no name once it is open, so neither a
 * crash nor a kill leaves it behind. Blocks.
 */
export class SpoolFile implements Disposable {
  readonly #path: string;
  #descriptor: number | undefined;
  #size = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes that were written. */
  get size(): number {
    return this.#size;
  }

  /** Appends a block and gives its position; REPOSITORY_FULL, IO_FAILED. */
  write(block: Uint8Array): number {
    const position = this.#size;
    try {
      this.#descriptor ??= openNameless(this.#path);
      for (let done = 0; done < block.byteLength;)
        done += writeSync(this.#descriptor, block, done, block.byteLength - done, position + done);
    } catch (caught) {
      throw toStorageError(caught, `writing ${this.#path}`);
    }
    this.#size += block.byteLength;
    return position;
  }

  /** Fills `into` with what was written from a position on. */
  read(position: number, into: Uint8Array): void {
    for (let done = 0; done < into.byteLength;) {
      const read = this.#readSome(position + done, into.subarray(done));
      if (read === 0) throw new HoldfastError("IO_FAILED", `${this.#path} is shorter than what was written to it`);
      done += read;
    }
  }

  #readSome(position: number, into: Uint8Array): number {
    if (this.#descriptor === undefined) return 0;
    try {
      return readSync(this.#descriptor, into, 0, into.byteLength, position);
    } catch (caught) {
      throw toStorageError(caught, `reading ${this.#path}`);
    }
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

const openNameless = (path: string): number => {
  rmSync(path, { force: true });
  const descriptor = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return descriptor;
};
