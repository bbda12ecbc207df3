import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { untilAborted } from "@holdfast/shared/lifecycle/abort";
import type { CallContext } from "@holdfast/shared/rpc/implementation";

/** What a held stream keeps open. */
interface Held {
  readonly signal: AbortSignal;
  end(reason: HoldfastError): void;
}

/**
 * Waits until what the stream holds ends, the caller lets go, or the server stops (U1, D1); throws the reason when it was
 * not the caller's own wish.
 */
export const holdOpen = async (held: Held, { signal, closing }: CallContext): Promise<void> => {
  await untilAborted(AbortSignal.any([held.signal, signal, closing]));
  held.signal.throwIfAborted();
  if (closing.aborted) throw new HoldfastError("UNAVAILABLE", "the server is stopping");
};
