import { readFile } from "node:fs/promises";
import { HoldfastError } from "../errors/holdfast-error.ts";

/** The text of a file; undefined when there is none. IO_FAILED when it cannot be read. */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new HoldfastError("IO_FAILED", `cannot read ${path}`, { details: { path }, cause });
  }
};
