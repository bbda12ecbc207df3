import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Where the stored bytes of a pack's first record begin, and then some. */
const firstStoredByte = 64 + 144 + 1000;
const kindOfChunks = 1;
const kindOfPages = 2;

/** The files of a repository's packs of chunks. */
export const chunkPacks = (directory: string): Promise<string[]> => packsOfKind(directory, kindOfChunks);

/** The files of a repository's packs of pages. */
export const pagePacks = (directory: string): Promise<string[]> => packsOfKind(directory, kindOfPages);

const packsOfKind = async (directory: string, kind: number): Promise<string[]> => {
  const entries = await readdir(join(directory, "packs"), { recursive: true, withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    await using file = await open(path, "r");
    const head = Buffer.alloc(8);
    await file.read(head, 0, head.byteLength, 0);
    if (head[5] === kind) paths.push(path);
  }
  return paths;
};

/** Flips a byte in the stored bytes of the first record of every pack of chunks. */
export const damageChunk = async (directory: string): Promise<void> => {
  for (const path of await chunkPacks(directory)) await flipByte(path, firstStoredByte);
};

/** Turns all bits of one byte of a file over. */
export const flipByte = async (path: string, offset: number): Promise<void> => {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  await file.write(byte, 0, 1, offset);
};
