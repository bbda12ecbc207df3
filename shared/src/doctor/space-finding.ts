import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { type Finding, toFinding } from "./finding.ts";

/** A folder that a process writes to. */
export interface WrittenFolder {
  /** What is kept there: `data folder`. */
  readonly subject: string;
  readonly path: string;
  /** Free bytes that there should be. */
  readonly lowWaterBytes: number;
  /** What less than that means. */
  readonly whenLow?: "warning" | "error";
}

/** Free bytes that a folder of ours should have when nothing else is configured. */
export const usualLowWaterBytes = 1024 ** 3;

/** Whether a folder can be written to and has room. */
export const spaceFinding = async (folder: WrittenFolder): Promise<Finding> => {
  const { subject, path, lowWaterBytes, whenLow = "warning" } = folder;
  const what = { kind: "space", subject: `${subject} ${path}` } as const;
  try {
    await access(path, constants.W_OK);
    const { bavail, bsize } = await statfs(path);
    const freeBytes = bavail * bsize;
    return toFinding({
      ...what,
      state: freeBytes < lowWaterBytes ? whenLow : "ok",
      message: `${mebibytes(freeBytes)} free, the low-water mark is ${mebibytes(lowWaterBytes)}`,
      advice: `make room on the file system of ${path}, or enlarge it`,
      measured: { value: freeBytes, unit: "bytes" },
    });
  } catch (caught) {
    const why = caught instanceof Error ? caught.message : String(caught);
    const advice = `let ${path} exist and belong to the user that this process runs as`;
    return toFinding({ ...what, state: "error", message: `cannot be written to: ${why}`, advice });
  }
};

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1024 ** 2)} MiB`;
