import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { orAborted } from "../lifecycle/abort.ts";
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

/** Whether a folder can be written to and has room; a file system that does not answer until the signal aborts is an error like others. */
export const spaceFinding = async (folder: WrittenFolder, signal: AbortSignal): Promise<Finding> => {
  const { subject, path, lowWaterBytes, whenLow = "warning" } = folder;
  const what = { kind: "space", subject: `${subject} ${path}` } as const;
  try {
    await orAborted(access(path, constants.W_OK), signal);
    const { bavail, bsize } = await orAborted(statfs(path), signal);
    const freeBytes = bavail * bsize;
    return toFinding({
      ...what,
      state: freeBytes < lowWaterBytes ? whenLow : "ok",
      message: `${mebibytes(freeBytes)} free, the low-water mark is ${mebibytes(lowWaterBytes)}`,
      advice: `make room on the file system of ${path}, or enlarge it`,
      measured: { value: freeBytes, unit: "bytes" },
    });
  } catch (caught) {
    if (signal.aborted) {
      const late = "its file system did not answer in time";
      return toFinding({
        ...what,
        state: "error",
        message: late,
        advice: `see whether the file system of ${path} hangs`,
      });
    }
    const why = caught instanceof Error ? caught.message : String(caught);
    const advice = `let ${path} exist and belong to the user that this process runs as`;
    return toFinding({ ...what, state: "error", message: `cannot be written to: ${why}`, advice });
  }
};

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1024 ** 2)} MiB`;
