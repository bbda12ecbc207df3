import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Flips a byte of the stored bytes that hold this content. */
export const damageChunk = async (directory: string, content: Buffer): Promise<void> => {
  const path = await packOf(directory, content);
  const bytes = await readFile(path);
  const at = bytes.indexOf(content);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await chmod(path, 0o600);
  await writeFile(path, bytes);
};

/** The file of a repository that holds this content as it is. */
export const packOf = async (directory: string, content: Buffer): Promise<string> => {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(path)).includes(content)) return path;
  }
  throw new Error("no pack holds this content");
};
