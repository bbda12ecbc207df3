import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Where a program is on the PATH, or in the system folders that a normal user's PATH lacks. */
export const findProgram = async (name: string, path = process.env["PATH"] ?? ""): Promise<string | undefined> => {
  for (const folder of [...path.split(delimiter), "/usr/sbin", "/sbin"]) {
    const candidate = join(folder, name);
    if (folder !== "" && (await isExecutable(candidate))) return candidate;
  }
  return undefined;
};

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
