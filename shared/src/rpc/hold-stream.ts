import { HoldfastError } from "../errors/holdfast-error.ts";

/** A stream of answers that stands for something that is open as long as it is. */
export interface HeldStream extends AsyncDisposable {
  /** Aborts when the other side ended the stream, with its reason. */
  readonly ended: AbortSignal;
}

/** The first answer of a stream, undefined when it had none, and the stream, held until it is disposed or ends. */
export const holdStream = async <Answer>(
  open: (held: AbortSignal) => AsyncIterable<Answer>,
  signal: AbortSignal,
): Promise<{ readonly first: Answer | undefined; readonly held: HeldStream }> => {
  const letGo = new AbortController();
  const ended = new AbortController();
  const stream = open(AbortSignal.any([signal, letGo.signal]))[Symbol.asyncIterator]();
  const first = await stream.next();
  const holding = untilEnded(stream, ended);
  const held: HeldStream = {
    ended: ended.signal,
    [Symbol.asyncDispose]: async () => {
      letGo.abort(new HoldfastError("CANCELLED", "the stream was let go"));
      await holding;
    },
  };
  return { first: first.done === true ? undefined : first.value, held };
};

const untilEnded = async (stream: AsyncIterator<unknown>, ended: AbortController): Promise<void> => {
  try {
    while ((await stream.next()).done !== true);
    ended.abort(new HoldfastError("UPLOAD_UNKNOWN", "the other side ended the stream"));
  } catch (caught) {
    ended.abort(caught);
  }
};
