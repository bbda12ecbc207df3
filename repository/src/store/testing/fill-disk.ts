import { writeFile } from "node:fs/promises";
import { systemRandom } from "@holdfast/shared/ids/ids";

/** Writes files whose names begin with `path` until their file system has not a byte left. */
export const fillDisk = async (path: string): Promise<void> => {
  for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
    for (let count = 0; ; count += 1) {
      const isWritten = await writeFile(`${path}-${bytes}-${count}`, systemRandom(bytes)).then(
        () => true,
        () => false,
      );
      if (!isWritten) break;
    }
  }
};
