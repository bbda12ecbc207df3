import { openSync, readSync } from "node:fs";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { RandomBytes } from "./ids.ts";

let source: number | undefined;

/**
 * Bytes straight from the kernel, each time. Random generators inside a process go on with the same numbers in every copy of a
 * machine that was cloned or resumed; the kernel's is told of that. For nonces.
 */
export const kernelRandom: RandomBytes = (size) => {
  source ??= openSync("/dev/urandom", "r");
  const bytes = Buffer.alloc(size);
  for (let filled = 0; filled < size;) {
    const read = readSync(source, bytes, filled, size - filled, null);
    if (read === 0) throw new HoldfastError("IO_FAILED", "the kernel gave no random bytes");
    filled += read;
  }
  return bytes;
};
