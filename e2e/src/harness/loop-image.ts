import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "@holdfast/shared/process/find-program";
import { runWell } from "./run-program.ts";

/** A file system in a file, mounted through a loop device: what it has not flushed is not in the file. */
export interface LoopImage extends AsyncDisposable {
  /** Where it is mounted; the same for every image that takes its place. */
  readonly mountPoint: string;
  /** Copies the file as it is at this moment, the way a disk is left by a power failure. Whoever writes must stand still. */
  readonly copyTo: (path: string) => Promise<void>;
  /** Unmounts and mounts another file in its place, which replays its journal. Nobody may have a file of it open. */
  readonly replaceBy: (path: string) => Promise<void>;
}

/**
 * The kernel's journal thread writes by itself every few seconds, also while everybody stands still, and a copy of a file that is
 * being written is no moment at all; so it waits for minutes, and only `fsync` makes it write.
 */
const mountOptions = "loop,commit=300";
const programWithinMs = 60_000;

/** Makes an image of that name in `dir` and mounts it beside. Disposing unmounts, whatever happened. */
export const openLoopImage = async (dir: string, name: string, sizeBytes: number): Promise<LoopImage> => {
  const mountPoint = join(dir, name);
  const path = join(dir, `${name}.img`);
  await mkdir(mountPoint, { recursive: true });
  {
    await using file = await open(path, "w");
    await file.truncate(sizeBytes);
  }
  await run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", path);
  await run("mount", "-o", mountOptions, path, mountPoint);
  let present = path;
  let isMounted = true;
  const unmount = async (...options: string[]): Promise<void> => {
    await run("umount", ...options, mountPoint);
    isMounted = false;
  };
  return {
    mountPoint,
    copyTo: (copy) => run("cp", "--sparse=always", present, copy),
    replaceBy: async (copy) => {
      await unmount();
      await rm(present);
      await run("mount", "-o", mountOptions, copy, mountPoint);
      present = copy;
      isMounted = true;
    },
    [Symbol.asyncDispose]: async () => {
      // Lazily, so that a process that is left cannot keep it mounted for ever.
      if (isMounted) await unmount("--lazy");
    },
  };
};

/** True when this user may mount images here. */
export const canMountImages = async (): Promise<boolean> => {
  const dir = await mkdtemp(join(tmpdir(), "hf-loop-"));
  try {
    await using _image = await openLoopImage(dir, "probe", 8 * 1024 * 1024);
    return true;
  } catch {
    return false;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

const run = async (program: string, ...args: readonly string[]): Promise<void> => {
  const command = (await findProgram(program)) ?? program;
  await runWell({ name: program, command, args }, AbortSignal.timeout(programWithinMs));
};
