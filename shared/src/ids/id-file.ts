import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { readIfThere } from "../files/read-if-there.ts";

/** A file that holds one id for as long as an installation lives. */
export interface IdFile {
  readonly path: string;
  /** What the id is of, for messages. */
  readonly of: string;
  readonly form: RegExp;
  /** Makes the id when there is no file yet. */
  readonly make: () => string;
}

/** The id in the file, which is durable when this resolves. CONFIG_INVALID when it holds none, IO_FAILED when it cannot be read. */
export const loadIdFile = async ({ path, of, form, make }: IdFile): Promise<string> => {
  const found = await readIfThere(path);
  if (found === undefined) return await writeId(path, make());
  const id = found.trim();
  if (!form.test(id)) throw new HoldfastError("CONFIG_INVALID", `${path} holds no ${of} id`, { details: { path } });
  return id;
};

const writeId = async (path: string, id: string): Promise<string> => {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  {
    await using file = await open(`${path}.new`, "w", 0o600);
    await file.writeFile(`${id}\n`);
    await file.sync();
  }
  await rename(`${path}.new`, path);
  await using folder = await open(directory, "r");
  await folder.sync();
  return id;
};
