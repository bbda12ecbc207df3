import { readdir } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** True for a folder that has nothing in it or does not exist; IO_FAILED when it cannot be looked into. */
export const isEmptyOrAbsent = async (directory: string): Promise<boolean> => {
  try {
    return (await readdir(directory)).length === 0;
  } catch (caught) {
    if (caught instanceof Error && "code" in caught && caught.code === "ENOENT") return true;
    throw new HoldfastError("IO_FAILED", `cannot look into ${directory}`, { cause: caught });
  }
};
