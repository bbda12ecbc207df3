import { open, rm } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** Writes a file for its owner alone that must not exist, durably; a failure leaves none. ALREADY_EXISTS, IO_FAILED. */
export const writeNewFile = async (path: string, bytes: Uint8Array): Promise<void> => {
  let isOurs = false;
  try {
    await using file = await open(path, "wx", 0o600);
    isOurs = true;
    await file.writeFile(bytes);
    await file.sync();
  } catch (cause) {
    if (isOurs) await rm(path, { force: true });
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    throw new HoldfastError(isThere ? "ALREADY_EXISTS" : "IO_FAILED", `cannot make ${path}`, { cause });
  }
};
