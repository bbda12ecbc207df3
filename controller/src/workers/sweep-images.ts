import { glob, rm } from "node:fs/promises";
import { join } from "node:path";
import { unpackedSuffix } from "./open-image.ts";

/** Removes the images that a controller was unpacking when it crashed; before any is unpacked. Answers their names. */
export const sweepImages = async (folder: string): Promise<readonly string[]> => {
  const left = await Array.fromAsync(glob(`*${unpackedSuffix}`, { cwd: folder }));
  for (const name of left) await rm(join(folder, name), { force: true });
  return left;
};
