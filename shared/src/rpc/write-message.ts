import type { Writable } from "node:stream";
import { orAborted } from "../lifecycle/abort.ts";

/** Writes one message and waits until the stream wants the next; rejects with the signal's reason when the call ended. */
export const writeMessage = async (stream: Writable, bytes: Buffer, ended: AbortSignal): Promise<void> => {
  ended.throwIfAborted();
  if (stream.write(bytes)) return;

  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("drain", resolve);
  try {
    await orAborted(promise, ended);
  } finally {
    stream.removeListener("drain", resolve);
  }
};
