import { opendir, open, readFile, stat, statfs } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toHex } from "@holdfast/shared/format/content-id";
import { type RandomBytes, systemRandom } from "@holdfast/shared/ids/ids";
import { type DurableFiles, systemFiles, type WritableFile } from "./durable-files.ts";
import type { ByteRange, ObjectStore, Published, StagedObject, StoreSpace } from "./object-store.ts";
import { systemCodeOf, toStorageError } from "./storage-error.ts";

const namePattern = /^[0-9a-z-]+(?:\.[0-9a-z]+)?(?:\/[0-9a-z-]+(?:\.[0-9a-z]+)?)*$/;
const temporaryFolder = "tmp";

/** Where the store's seams are; the defaults are the machine's own. */
export interface DirectoryStoreOptions {
  readonly files?: DurableFiles;
  readonly random?: RandomBytes;
}

/**
 * Objects as files below a directory that exists. Order of writing (I1, I2): file in `tmp/` → sync → link to the final name →
 * sync of every directory that gained an entry → unlink in `tmp/`. After a failed sync of a directory nothing more is written.
 */
export class DirectoryObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #files: DurableFiles;
  readonly #random: RandomBytes;
  /** Folders known to exist durably. */
  readonly #folders = new Map<string, Promise<void>>();
  /** Files of this process in `tmp/`. */
  readonly #staged = new Set<string>();
  #broken: HoldfastError | undefined;

  constructor(root: string, options: DirectoryStoreOptions = {}) {
    this.#root = resolve(root);
    this.#files = options.files ?? systemFiles;
    this.#random = options.random ?? systemRandom;
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<Published> {
    await using staged = await this.stage();
    await staged.write([bytes]);
    return await staged.publish(name);
  }

  async stage(): Promise<StagedObject> {
    this.#throwIfBroken();
    await this.#ensureFolder(temporaryFolder);
    const name = `${temporaryFolder}/${toHex(this.#random(16))}`;
    this.#staged.add(name);
    try {
      return new StagedFile(this, name, await this.#files.create(this.#path(name)));
    } catch (caught) {
      this.#staged.delete(name);
      throw toStorageError(caught, "creating a file");
    }
  }

  async get(name: string): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(name));
    } catch (caught) {
      throw toStorageError(caught, `reading ${name}`);
    }
  }

  async getRange(name: string, { offset, length }: ByteRange): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    try {
      await using handle = await open(this.#path(name), "r");
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (caught) {
      throw toStorageError(caught, `reading ${name}`);
    }
    if (filled === length) return bytes;
    throw new HoldfastError("REPOSITORY_DAMAGED", `${name} ends before byte ${offset + length}`);
  }

  async sizeOf(name: string): Promise<number> {
    try {
      return (await stat(this.#path(name))).size;
    } catch (caught) {
      throw toStorageError(caught, `looking at ${name}`);
    }
  }

  async *list(folder: string): AsyncGenerator<string> {
    const start = this.#path(folder);
    try {
      for await (const entry of await opendir(start, { recursive: true })) {
        if (entry.isFile()) yield `${folder}/${relative(start, join(entry.parentPath, entry.name))}`;
      }
    } catch (caught) {
      if (systemCodeOf(caught) === "ENOENT") return;
      throw toStorageError(caught, `listing ${folder}`);
    }
  }

  async confirm(names: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const name of names) {
      for (let path = dirname(this.#path(name)); path.length >= this.#root.length; path = dirname(path))
        folders.add(path);
    }
    for (const path of folders) await this.#syncFolder(path);
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    this.#throwIfBroken();
    try {
      await this.#files.unlink(path);
    } catch (caught) {
      if (systemCodeOf(caught) === "ENOENT") return;
      throw toStorageError(caught, `removing ${name}`);
    }
    await this.#syncFolder(dirname(path));
  }

  async removeLeftovers(): Promise<void> {
    for await (const name of this.list(temporaryFolder)) {
      if (!this.#staged.has(name)) await this.#unlinkQuietly(name);
    }
  }

  async space(): Promise<StoreSpace> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.#root);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch (caught) {
      throw toStorageError(caught, "asking for free space");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#staged].map((name) => this.#unlinkQuietly(name)));
    this.#staged.clear();
  }

  /** Gives a synced temporary file its final name, durably. */
  async publish(temporary: string, name: string): Promise<Published> {
    const path = this.#path(name);
    this.#throwIfBroken();
    await this.#ensureFolder(dirname(name));
    try {
      await this.#files.link(this.#path(temporary), path);
    } catch (caught) {
      if (systemCodeOf(caught) !== "EEXIST") throw toStorageError(caught, `naming ${name}`);
      await this.#syncFolder(dirname(path));
      return "exists";
    }
    await this.#syncFolder(dirname(path));
    return "created";
  }

  /** Forgets a temporary file; what cannot be removed now is a leftover for the next owner. */
  async discard(temporary: string): Promise<void> {
    this.#staged.delete(temporary);
    await this.#unlinkQuietly(temporary);
  }

  #path(name: string): string {
    if (!namePattern.test(name)) throw new HoldfastError("INVALID_ARGUMENT", `${name} is no object's name`);
    return join(this.#root, name);
  }

  #throwIfBroken(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  async #unlinkQuietly(name: string): Promise<void> {
    try {
      await this.#files.unlink(this.#path(name));
    } catch (caught) {
      if (systemCodeOf(caught) === undefined) throw caught;
    }
  }

  /** A folder and those above it exist durably; each is made once. */
  async #ensureFolder(folder: string): Promise<void> {
    if (folder === ".") return;
    const known = this.#folders.get(folder);
    if (known !== undefined) return await known;
    const made = this.#makeFolder(folder);
    this.#folders.set(folder, made);
    try {
      await made;
    } catch (caught) {
      this.#folders.delete(folder);
      throw caught;
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    await this.#ensureFolder(dirname(folder));
    const path = join(this.#root, folder);
    try {
      await this.#files.makeDirectory(path);
    } catch (caught) {
      if (systemCodeOf(caught) !== "EEXIST") throw toStorageError(caught, `making the folder ${folder}`);
    }
    await this.#syncFolder(dirname(path));
  }

  async #syncFolder(path: string): Promise<void> {
    try {
      await this.#files.syncDirectory(path);
    } catch (caught) {
      this.#broken = new HoldfastError("IO_FAILED", "a folder could not be synced: nothing more is written", {
        cause: caught,
      });
      throw this.#broken;
    }
  }
}

class StagedFile implements StagedObject {
  readonly #store: DirectoryObjectStore;
  readonly #name: string;
  readonly #file: WritableFile;
  #state: "writing" | "closed" = "writing";

  constructor(store: DirectoryObjectStore, name: string, file: WritableFile) {
    this.#store = store;
    this.#name = name;
    this.#file = file;
  }

  async write(parts: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#file.write(parts);
    } catch (caught) {
      throw toStorageError(caught, "writing a file");
    }
  }

  async publish(name: string): Promise<Published> {
    try {
      await this.#file.sync();
    } catch (caught) {
      throw toStorageError(caught, `syncing ${name}`);
    }
    return await this.#store.publish(this.#name, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    try {
      await this.#file.close();
    } finally {
      await this.#store.discard(this.#name);
    }
  }
}
