import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { randomName } from "../ids/ids.ts";

/**
 * Writes a file whole: under another name first, synced, then renamed over what was there. Makes its folder, private to the owner. A
 * failure leaves the file as it was, and no draft: those may hold secrets.
 */
export const writeFileDurably = async (path: string, text: string, mode: number): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomName(8)}.new`;
  try {
    {
      await using file = await open(draft, "wx", mode);
      await file.writeFile(text, "utf8");
      await file.sync();
    }
    await rename(draft, path);
  } catch (caught) {
    await rm(draft, { force: true });
    throw caught;
  }
  await using folder = await open(dirname(path), "r");
  await folder.sync();
};
