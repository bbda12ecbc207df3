import { readdir } from "node:fs/promises";

/** Names in a folder; none where there is no folder. */
export const names = async (folder: string): Promise<string[]> => {
  try {
    return await readdir(folder);
  } catch (caught) {
    if ((caught as { code?: string }).code === "ENOENT") return [];
    throw caught;
  }
};
