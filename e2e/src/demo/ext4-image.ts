import { open } from "node:fs/promises";
import { findProgram } from "@holdfast/shared/process/find-program";
import { runProgram, runWell } from "../harness/run-program.ts";

/** Makes a raw image with an ext4 file system that holds a folder's files. Needs no rights: nothing is mounted. */
export const makeExt4Image = async (
  { tree, image, sizeBytes, label }: { tree: string; image: string; sizeBytes: number; label: string },
  signal: AbortSignal,
): Promise<void> => {
  await using file = await open(image, "w");
  await file.truncate(sizeBytes);
  const args = ["-q", "-F", "-t", "ext4", "-L", label, "-m", "0", "-d", tree, image];
  await runWell({ name: "mke2fs", command: await needed("mke2fs"), args }, signal);
};

/** What is wrong with the file system in a raw image; undefined for nothing. */
export const findExt4Damage = async (image: string, signal: AbortSignal): Promise<string | undefined> => {
  const { code, stdout } = await runProgram(
    { name: "e2fsck", command: await needed("e2fsck"), args: ["-f", "-n", image] },
    signal,
  );
  return code === 0 ? undefined : stdout;
};

const needed = async (name: string): Promise<string> => {
  const found = await findProgram(name);
  if (found === undefined) throw new Error(`${name} is not installed: run scripts/ensure-tools`);
  return found;
};
