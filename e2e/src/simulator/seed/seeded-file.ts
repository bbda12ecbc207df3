import { createCipheriv, createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";

const step = 2 ** 20;

const writePattern = async (file: FileHandle, seed: string, wantedBytes: number, sizeBytes: number): Promise<void> => {
  const key = createHash("sha256").update(seed).digest();
  const stream = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  const zeroes = Buffer.alloc(step);
  let left = Math.min(wantedBytes, sizeBytes);
  // Every second MiB stays a hole as long as there is room, so that a disk has data and zeroes all over.
  const spread = left * 2 <= sizeBytes ? 2 : 1;
  for (let offset = 0; left > 0 && offset < sizeBytes; offset += step * spread) {
    const length = Math.min(step, left, sizeBytes - offset);
    await file.write(stream.update(zeroes.subarray(0, length)), 0, length, offset);
    left -= length;
  }
};

/** Makes a sparse raw file of that size with as many bytes that only the seed decides. */
export const writeSeededFile = async (
  path: string,
  sizeBytes: number,
  fill: { readonly seed: string; readonly bytes: number },
): Promise<void> => {
  await using file = await open(path, "w");
  await file.truncate(sizeBytes);
  await writePattern(file, fill.seed, fill.bytes, sizeBytes);
};
