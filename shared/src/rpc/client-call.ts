import type { DescMethod } from "@bufbuild/protobuf";
import { type Client, type ClientDuplexStream, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Clock } from "../clock/clock.ts";
import { onAbort, orAborted, toAbortError } from "../lifecycle/abort.ts";
import { versionHeader } from "../version/compatible.ts";
import { productVersion } from "../version/product-version.ts";
import type { CallOptions } from "./client-types.ts";
import { decodeMessage, encodeMessage } from "./message-codec.ts";
import { correlationHeader } from "./server-call.ts";
import { fromServiceError } from "./status.ts";
import { writeMessage } from "./write-message.ts";

/** What every call of one client shares. */
export interface Calling {
  readonly client: Client;
  readonly clock: Clock;
  /** Aborts when the client is closed. */
  readonly closed: AbortSignal;
  /** Stands in calls that bring none of their own. */
  readonly correlationId: string | undefined;
  /** Headers of every call. */
  readonly metadata: () => Readonly<Record<string, string>>;
}

/**
 * Makes one call and yields its answers; leaving early cancels it. All four kinds run as a two-way stream, which on the
 * wire they are.
 */
export async function* callMethod(
  calling: Calling,
  method: DescMethod,
  requests: AsyncIterable<unknown>,
  options: CallOptions,
): AsyncGenerator<unknown, void, undefined> {
  using call = startCall(calling, method, options);
  const sending = send(call, method, requests);

  try {
    for await (const bytes of call.stream.iterator({ destroyOnReturn: false })) {
      yield decodeMessage(method.output, bytes as Buffer);
    }
  } catch (caught) {
    throw call.errorOf(caught);
  }
  await sending;
  call.throwIfFailed();
}

interface StartedCall extends Disposable {
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  /** Aborts when the call has its status, from here or from the server. */
  readonly ended: AbortSignal;
  /** Ends the call from this side; the error wins over the status that follows from it. */
  fail(error: unknown): void;
  throwIfFailed(): void;
  errorOf(caught: unknown): unknown;
}

const startCall = (calling: Calling, method: DescMethod, options: CallOptions): StartedCall => {
  for (const signal of [options.signal, calling.closed]) if (signal?.aborted) throw toAbortError(signal.reason);
  const name = `${method.parent.typeName}/${method.name}`;
  const deadline = options.timeoutMs === undefined ? {} : { deadline: calling.clock.nowMs() + options.timeoutMs };
  const stream = calling.client.makeBidiStreamRequest(`/${name}`, asIs, asIs, metadataOf(calling, options), deadline);

  const ended = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    stream.cancel();
  };
  const end = (): void => {
    ended.abort();
  };
  stream.on("error", end);
  stream.on("status", end);
  const unlink = [options.signal, calling.closed].map((signal) =>
    onAbort(signal, (reason) => {
      fail(toAbortError(reason));
    }),
  );

  return {
    stream,
    ended: ended.signal,
    fail,
    throwIfFailed: () => {
      if (failure !== undefined) throw failure.error;
    },
    errorOf: (caught) => {
      if (failure !== undefined) return failure.error;
      return isServiceError(caught) ? fromServiceError(caught, name) : caught;
    },
    [Symbol.dispose]: () => {
      for (const remove of unlink) remove();
      ended.abort();
      stream.cancel();
    },
  };
};

/** Sends every request; never rejects: what goes wrong here ends the call. */
const send = async (call: StartedCall, method: DescMethod, requests: AsyncIterable<unknown>): Promise<void> => {
  const iterator = requests[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), call.ended);
      if (next.done === true) break;
      await writeMessage(call.stream, encodeMessage(method.input, next.value), call.ended);
    }
    call.stream.end();
  } catch (caught) {
    if (!call.ended.aborted) call.fail(caught);
    // Not awaited: a source that is parked in its own wait would hold up an answer that is here already.
    void iterator.return?.().then(undefined, () => undefined);
  }
};

const metadataOf = (
  calling: Calling,
  { correlationId = calling.correlationId, metadata = {} }: CallOptions,
): Metadata => {
  const sent = new Metadata();
  for (const [key, value] of Object.entries({ ...calling.metadata(), ...metadata })) sent.set(key, value);
  sent.set(versionHeader, productVersion);
  if (correlationId !== undefined) sent.set(correlationHeader, correlationId);
  return sent;
};

const asIs = (bytes: Buffer): Buffer => bytes;

const isServiceError = (caught: unknown): caught is ServiceError =>
  caught instanceof Error && "metadata" in caught && caught.metadata instanceof Metadata && "code" in caught;
