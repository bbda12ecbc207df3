import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Writable } from "node:stream";

/** Writes bytes and waits until they are handed to the operating system: the buffer may be used again then. */
export const sendBytes = (stream: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const gone = (): void => reject(new HoldfastError("CANCELLED", "the connection or its ticket is gone"));
    if (signal.aborted) return gone();
    if (bytes.length === 0) return resolve();
    signal.addEventListener("abort", gone, { once: true });
    stream.write(bytes, (error) => {
      signal.removeEventListener("abort", gone);
      if (error) reject(new HoldfastError("CANCELLED", "the client went away", { cause: error }));
      else resolve();
    });
  });
