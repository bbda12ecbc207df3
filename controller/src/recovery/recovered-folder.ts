import { chmod, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ConfigurationFile } from "@holdfast/shared/configuration/configuration-content";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName, type RandomBytes } from "@holdfast/shared/ids/ids";

/** A data folder that is filled inside itself under another name, which may be a mount point, and is whole when its identity appears. */
export interface RecoveredFolder extends AsyncDisposable {
  /** Where it is filled. */
  readonly draft: string;
  /** Moves everything to its place, the identity last. */
  readonly publish: () => Promise<void>;
}

const draftMark = ".recovering-";
/** Without it a data folder is nobody's. */
const last = "identity";

/** TARGET_NOT_EMPTY when something is there, but for what a recovery that was cut short left. Disposing it unpublished removes the draft. */
export const openRecoveredFolder = async (path: string, random: RandomBytes): Promise<RecoveredFolder> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const there = await readdir(path);
  const foreign = there.filter((name) => !name.startsWith(draftMark) && name !== "lost+found");
  if (foreign.length > 0)
    throw new HoldfastError("TARGET_NOT_EMPTY", `there is something in ${path}: ${foreign.slice(0, 5).join(", ")}`, {
      details: { path },
    });
  for (const name of there) if (name.startsWith(draftMark)) await rm(join(path, name), { recursive: true });
  const draft = join(path, `${draftMark}${randomName(8, random)}`);
  await mkdir(draft, { mode: 0o700 });
  return {
    draft,
    publish: async () => {
      await syncAll(draft);
      const names = await readdir(draft);
      for (const name of [...names.filter((one) => one !== last), last])
        await rename(join(draft, name), join(path, name));
      await sync(path);
      await sync(dirname(path));
    },
    [Symbol.asyncDispose]: () => rm(draft, { recursive: true, force: true }),
  };
};

/** Writes the files of a configuration below a folder. */
export const writeFiles = async (folder: string, files: readonly ConfigurationFile[]): Promise<void> => {
  for (const { path, mode, content } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(target, content, { flag: "wx", mode });
    await chmod(target, mode);
  }
};

const syncAll = async (folder: string): Promise<void> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) await sync(join(entry.parentPath, entry.name));
  await sync(folder);
};

const sync = async (path: string): Promise<void> => {
  await using opened = await open(path, "r");
  await opened.sync();
};
