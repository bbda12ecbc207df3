import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";

const MiB = 1024 * 1024;
/** Of a record's id, from the start of its header. */
const idOffset = 44;

/**
 * Turns one bit over in the stored bytes of a chunk, as a bad disk does: in every pack of a repository's folder that holds the
 * chunk of 1 MiB that a disk image has at an offset. Fails when none does.
 */
export const damageChunk = async (repositoryDir: string, imageFile: string, offset: number): Promise<void> => {
  await using image = await open(imageFile);
  const plain = new Uint8Array(MiB);
  await image.read(plain, 0, MiB, offset);
  const id = chunkIdOf(plain, MiB);
  let found = 0;
  for (const entry of await readdir(join(repositoryDir, "packs"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const start = recordOf(await readFile(path), id);
    if (start === undefined) continue;
    await flipBit(path, start + recordHeaderSize + 100);
    found += 1;
  }
  if (found === 0) throw new Error("no pack holds the chunk");
};

/** Where the record of an id begins; tables of contents and pages name the id too. */
const recordOf = (pack: Buffer, id: Uint8Array): number | undefined => {
  for (let at = pack.indexOf(id); at >= 0; at = pack.indexOf(id, at + 1)) {
    const start = at - idOffset;
    if (start >= 0 && pack.toString("latin1", start, start + 4) === "HFRC") return start;
  }
  return undefined;
};

const flipBit = async (path: string, offset: number): Promise<void> => {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  await file.write(byte, 0, 1, offset);
};
