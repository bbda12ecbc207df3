import { opendir, open, stat, statfs } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toHex } from "@holdfast/shared/format/content-id";
import { type RandomBytes, systemRandom } from "@holdfast/shared/ids/ids";
import { type DurableFiles, systemFiles, type WritableFile } from "./durable-files.ts";
import { requireObjectName } from "./object-name.ts";
import type {
  ByteRange,
  CallOptions,
  ObjectStore,
  Published,
  StagedObject,
  StoreSpace,
  WriteOptions,
} from "./object-store.ts";
import { largestWholeObject } from "./object-store.ts";
import { systemCodeOf, toStorageError } from "./storage-error.ts";

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

  async putIfAbsent(name: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<Published> {
    await using staged = await this.stage(name, options);
    await staged.write([bytes]);
    return await staged.publish();
  }

  async stage(finalName: string, { signal, lockUntilMs }: WriteOptions = {}): Promise<StagedObject> {
    if (lockUntilMs !== undefined) throw new HoldfastError("INVALID_ARGUMENT", "a folder cannot lock objects");
    this.#path(finalName);
    signal?.throwIfAborted();
    this.#throwIfBroken();
    await this.#ensureFolder(temporaryFolder);
    const name = `${temporaryFolder}/${toHex(this.#random(16))}`;
    this.#staged.add(name);
    try {
      return new StagedFile({ store: this, name, finalName, file: await this.#files.create(this.#path(name)) });
    } catch (caught) {
      this.#staged.delete(name);
      throw toStorageError(caught, "creating a file");
    }
  }

  async get(name: string, { signal }: CallOptions = {}): Promise<Uint8Array> {
    try {
      await using handle = await open(this.#path(name), "r");
      const { size } = await handle.stat();
      if (size > largestWholeObject) throw new HoldfastError("REPOSITORY_DAMAGED", `${name} has ${size} bytes`);
      return await handle.readFile({ signal });
    } catch (caught) {
      signal?.throwIfAborted();
      throw toStorageError(caught, `reading ${name}`);
    }
  }

  async getRange(name: string, { offset, length }: ByteRange, { signal }: CallOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted();
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

  async sizeOf(name: string, { signal }: CallOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    try {
      return (await stat(this.#path(name))).size;
    } catch (caught) {
      throw toStorageError(caught, `looking at ${name}`);
    }
  }

  async *list(folder: string, { signal }: CallOptions = {}): AsyncGenerator<string> {
    const start = this.#path(folder);
    try {
      for await (const entry of await opendir(start, { recursive: true })) {
        signal?.throwIfAborted();
        if (entry.isFile()) yield `${folder}/${relative(start, join(entry.parentPath, entry.name))}`;
      }
    } catch (caught) {
      if (systemCodeOf(caught) === "ENOENT") return;
      signal?.throwIfAborted();
      throw toStorageError(caught, `listing ${folder}`);
    }
  }

  async confirm(names: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    const folders = new Set<string>();
    for (const name of names) {
      for (let path = dirname(this.#path(name)); path.length >= this.#root.length; path = dirname(path))
        folders.add(path);
    }
    for (const path of folders) {
      signal?.throwIfAborted();
      await this.#syncFolder(path);
    }
  }

  async remove(name: string, { signal }: CallOptions = {}): Promise<void> {
    const path = this.#path(name);
    signal?.throwIfAborted();
    this.#throwIfBroken();
    try {
      await this.#files.unlink(path);
    } catch (caught) {
      if (systemCodeOf(caught) === "ENOENT") return;
      throw toStorageError(caught, `removing ${name}`);
    }
    await this.#syncFolder(dirname(path));
  }

  /** Files on their way tell nobody whose they are: all but ours go. */
  async removeLeftovers(_isDead: (name: string) => boolean, options: CallOptions = {}): Promise<void> {
    for await (const name of this.list(temporaryFolder, options)) {
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
    return join(this.#root, requireObjectName(name));
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

interface StagedFileParts {
  readonly store: DirectoryObjectStore;
  /** Of the file in `tmp/`. */
  readonly name: string;
  readonly finalName: string;
  readonly file: WritableFile;
}

class StagedFile implements StagedObject {
  readonly #parts: StagedFileParts;
  #state: "writing" | "closed" = "writing";

  constructor(parts: StagedFileParts) {
    this.#parts = parts;
  }

  async write(parts: readonly Uint8Array[], { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    try {
      await this.#parts.file.write(parts);
    } catch (caught) {
      throw toStorageError(caught, "writing a file");
    }
  }

  async publish({ signal }: CallOptions = {}): Promise<Published> {
    const { store, name, finalName, file } = this.#parts;
    signal?.throwIfAborted();
    try {
      await file.sync();
    } catch (caught) {
      throw toStorageError(caught, `syncing ${finalName}`);
    }
    return await store.publish(name, finalName);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const { store, name, file } = this.#parts;
    try {
      await file.close();
    } finally {
      await store.discard(name);
    }
  }
}
