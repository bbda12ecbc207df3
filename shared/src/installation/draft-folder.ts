import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type RandomBytes, randomName } from "../ids/ids.ts";

/** A folder that is filled under another name and appears whole, or not at all. */
export interface DraftFolder extends AsyncDisposable {
  /** Writes a file of it, for its owner alone unless `mode` says otherwise. */
  readonly write: (name: string, text: string, mode?: number) => Promise<void>;
  readonly makeFolder: (name: string) => Promise<void>;
  /** Gives it its name. ALREADY_EXISTS when a folder that is not empty is there by now, IO_FAILED when it cannot be done for another reason. */
  readonly publish: () => Promise<void>;
}

/** Begins a folder beside where it will be; disposing one that was not published removes it. */
export const openDraftFolder = async (path: string, random: RandomBytes): Promise<DraftFolder> => {
  const draft = `${path}.new-${randomName(8, random)}`;
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const written = new Set([draft]);
  return {
    write: async (name, text, mode = 0o600) => {
      await writeFile(join(draft, name), text, { flag: "wx", mode });
      written.add(join(draft, name));
    },
    makeFolder: async (name) => {
      await mkdir(join(draft, name), { mode: 0o700 });
      written.add(join(draft, name));
    },
    publish: async () => {
      await Promise.all([...written].map(sync));
      await rename(draft, path).catch((cause: unknown) => {
        const isTaken = cause instanceof Error && "code" in cause && /^(?:EEXIST|ENOTEMPTY)$/.test(String(cause.code));
        const [code, what] = isTaken
          ? (["ALREADY_EXISTS", `there is something at ${path}`] as const)
          : (["IO_FAILED", `cannot make ${path}`] as const);
        throw new HoldfastError(code, what, { details: { path }, cause });
      });
      await sync(dirname(path));
      await removeDrafts(path);
    },
    [Symbol.asyncDispose]: () => rm(draft, { recursive: true, force: true }),
  };
};

/** What runs that were cut short left behind. */
const removeDrafts = async (path: string): Promise<void> => {
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(`${basename(path)}.new-`)) await rm(join(dirname(path), name), { recursive: true });
  }
};

const sync = async (path: string): Promise<void> => {
  await using opened = await open(path, "r");
  await opened.sync();
};
