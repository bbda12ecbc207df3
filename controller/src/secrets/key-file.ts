import { type FileHandle, link, mkdir, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";

import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type RandomBytes, randomName, systemRandom } from "@holdfast/shared/ids/ids";

import { secretKeyBytes } from "./secret-box.ts";

/**
 * The key of this installation's secrets, from a file outside the database: made with mode 0600 when there is none, refused
 * (CONFIG_INVALID) when others may read it or it is not a key. Without the file every sealed password is lost and has to be given
 * again.
 */
export const openKeyFile = async (path: string, random: RandomBytes = systemRandom): Promise<Uint8Array> => {
  try {
    const existing = await readKey(path);
    if (existing !== undefined) return existing;
    await createKey(path, random);
    const made = await readKey(path);
    if (made !== undefined) return made;
  } catch (caught) {
    if (caught instanceof HoldfastError) throw caught;
    throw new HoldfastError("IO_FAILED", `the key file ${path} cannot be used`, { details: { path }, cause: caught });
  }
  throw new HoldfastError("IO_FAILED", `the key file ${path} vanished while it was made`, { details: { path } });
};

const readKey = async (path: string): Promise<Uint8Array | undefined> => {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  await using opened = file;
  const { mode } = await opened.stat();
  if ((mode & 0o077) !== 0) {
    throw new HoldfastError("CONFIG_INVALID", `the key file ${path} can be used by others: it must have mode 0600`, {
      details: { path },
    });
  }
  const text = await opened.readFile("utf8");
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== secretKeyBytes)
    throw new HoldfastError("CONFIG_INVALID", `${path} is not a key file`, { details: { path } });
  return key;
};

const openIfThere = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return await open(path, "r");
  } catch (caught) {
    if (hasSystemCode(caught, "ENOENT")) return undefined;
    throw caught;
  }
};

/** Written whole under another name first: a crash leaves no half key, and of two makers the first one's stays. */
const createKey = async (path: string, random: RandomBytes): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomName(8, random)}`;
  try {
    await writeDurably(draft, `${Buffer.from(random(secretKeyBytes)).toString("base64")}\n`);
    await link(draft, path);
  } catch (caught) {
    if (!hasSystemCode(caught, "EEXIST")) throw caught;
  } finally {
    await unlink(draft);
  }
  await using folder = await open(dirname(path), "r");
  await folder.sync();
};

const writeDurably = async (path: string, text: string): Promise<void> => {
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(text, "utf8");
  await file.sync();
};

const hasSystemCode = (caught: unknown, code: string): boolean =>
  caught instanceof Error && "code" in caught && caught.code === code;
