import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ByteRange, ObjectStore, Published, StagedObject, StoreSpace } from "../object-store.ts";

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly objects: Map<string, Uint8Array>;
}

const emptyFolder = (): Folder => ({ folders: new Map(), objects: new Map() });

/** Objects in memory, for tests that write hundreds of thousands; what it holds it holds for ever, without any sync. */
export class MemoryObjectStore implements ObjectStore {
  readonly #root = emptyFolder();

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<Published> {
    const { folder, last } = this.#place(name);
    if (folder.objects.has(last)) return "exists";
    folder.objects.set(last, Uint8Array.from(bytes));
    return "created";
  }

  async stage(name: string): Promise<StagedObject> {
    const parts: Uint8Array[] = [];
    return {
      write: async (more) => {
        parts.push(...more.map((part) => Uint8Array.from(part)));
      },
      publish: () => this.putIfAbsent(name, Buffer.concat(parts)),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async get(name: string): Promise<Uint8Array> {
    const { folder, last } = this.#place(name);
    const bytes = folder.objects.get(last);
    if (!bytes) throw new HoldfastError("NOT_FOUND", `no object ${name}`);
    return bytes;
  }

  async getRange(name: string, { offset, length }: ByteRange): Promise<Uint8Array> {
    const bytes = await this.get(name);
    if (offset + length > bytes.byteLength) throw new HoldfastError("REPOSITORY_DAMAGED", `${name} ends too early`);
    return bytes.subarray(offset, offset + length);
  }

  async sizeOf(name: string): Promise<number> {
    return (await this.get(name)).byteLength;
  }

  async *list(folder: string): AsyncGenerator<string> {
    let at: Folder | undefined = this.#root;
    for (const part of folder.split("/")) at = at?.folders.get(part);
    if (at) yield* namesBelow(at, folder);
  }

  async confirm(): Promise<void> {
    // Everything is as durable as it gets.
  }

  async remove(name: string): Promise<void> {
    const { folder, last } = this.#place(name);
    folder.objects.delete(last);
  }

  async removeLeftovers(): Promise<void> {
    // Nothing unfinished has a place here.
  }

  async space(): Promise<StoreSpace> {
    return { freeBytes: Number.MAX_SAFE_INTEGER, totalBytes: Number.MAX_SAFE_INTEGER };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Memory goes with whoever holds it.
  }

  #place(name: string): { readonly folder: Folder; readonly last: string } {
    const parts = name.split("/");
    const last = parts.pop() ?? "";
    let folder = this.#root;
    for (const part of parts) {
      const next = folder.folders.get(part) ?? emptyFolder();
      folder.folders.set(part, next);
      folder = next;
    }
    return { folder, last };
  }
}

function* namesBelow({ folders, objects }: Folder, path: string): Generator<string> {
  for (const name of objects.keys()) yield `${path}/${name}`;
  for (const [name, folder] of folders) yield* namesBelow(folder, `${path}/${name}`);
}
