import type { DescMethod } from "@bufbuild/protobuf";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { randomName } from "../ids/ids.ts";
import { orAborted, toAbortError } from "../lifecycle/abort.ts";
import type { Logger } from "../logging/logger.ts";
import { abortWith, type Admit, type LiveCalls } from "./admission.ts";
import { callerOf } from "./caller.ts";
import type { CallContext, ErasedMethod } from "./implementation.ts";
import { assertCompatible, versionHeader } from "../version/compatible.ts";
import { decodeMessage, encodeMessage } from "./message-codec.ts";
import { toWireStatus } from "./status.ts";
import { writeMessage } from "./write-message.ts";

/** A call of any kind: on the wire the four kinds differ only in how many messages each side sends. */
export type WireCall = ServerDuplexStream<Buffer, Buffer>;

/** The header that carries the correlation id. */
export const correlationHeader = "correlation-id";

/** What answering needs besides the call itself. */
export interface Answering {
  readonly method: DescMethod;
  readonly implementation: ErasedMethod;
  readonly log: Logger;
  /** Aborts when the server begins to stop. */
  readonly closing: AbortSignal;
  /** Aborts when the server waits no longer for calls under way. */
  readonly stopped: AbortSignal;
  /** Refuses callers; none when everyone who got through the handshake may call. */
  readonly admit: Admit | undefined;
  readonly live: LiveCalls;
}

/** Runs one call from its first message to its status; never rejects. */
export const answerCall = async (call: WireCall, answering: Answering): Promise<void> => {
  const controller = new AbortController();
  const onCancelled = (): void => {
    controller.abort(new HoldfastError("CANCELLED", "the caller ended the call"));
  };
  call.once("cancelled", onCancelled);
  const context = contextOf(call, answering, controller.signal);
  using live = answering.live.enter(context.caller);
  const unlink = abortWith(controller, answering.stopped, live.ended);

  try {
    refuseStrangeVersion(context);
    await answering.admit?.(context);
    // A method may wait for a next request that never comes: one who is believed no more is told at once all the same.
    await orAborted(respond(call, answering, context), live.ended);
    call.end();
  } catch (caught) {
    fail(call, toTold(caught, context, answering));
  } finally {
    unlink();
    call.removeListener("cancelled", onCancelled);
  }
};

const respond = async (call: WireCall, { method, implementation }: Answering, context: CallContext): Promise<void> => {
  const requests = readRequests(call, method, context.signal);
  const takesMany = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const answer = implementation(takesMany ? requests : await onlyOne(requests, method), context);

  if (isAsyncIterable(answer)) {
    for await (const response of answer) {
      await writeMessage(call, encodeMessage(method.output, response), context.signal);
    }
    return;
  }
  await writeMessage(call, encodeMessage(method.output, await answer), context.signal);
};

/** Iterates without destroying the call on an early end: a destroyed duplex would never send its status. */
async function* readRequests(call: WireCall, method: DescMethod, signal: AbortSignal): AsyncGenerator {
  try {
    for await (const bytes of call.iterator({ destroyOnReturn: false })) {
      yield decodeMessage(method.input, bytes as Buffer);
    }
  } catch (caught) {
    signal.throwIfAborted();
    throw caught;
  }
  signal.throwIfAborted();
}

const onlyOne = async (requests: AsyncIterator<unknown>, method: DescMethod): Promise<unknown> => {
  const first = await requests.next();
  if (first.done === true) throw new HoldfastError("INVALID_ARGUMENT", `${method.toString()} without a request`);
  return first.value;
};

/** A program of ours says its version; tools of others say none. */
const refuseStrangeVersion = ({ metadata, peer }: CallContext): void => {
  const version = metadata.get(versionHeader);
  if (version !== undefined) assertCompatible(`the caller at ${peer}`, version);
};

const contextOf = (call: WireCall, { method, closing }: Answering, signal: AbortSignal): CallContext => {
  const metadata = new Map<string, string>();
  for (const [key, value] of Object.entries(call.metadata.getMap())) {
    if (typeof value === "string") metadata.set(key, value);
  }
  const correlationId = metadata.get(correlationHeader) ?? randomName(12);
  const caller = callerOf(call.getAuthContext()?.sslPeerCertificate);
  const name = `${method.parent.typeName}/${method.name}`;
  return { signal, closing, method: name, peer: call.getPeer(), caller, correlationId, metadata };
};

/** What the caller is told: our errors as they are, the abort's own reason after an abort, a bug by its name alone. */
const toTold = (caught: unknown, context: CallContext, { log }: Answering): HoldfastError => {
  const { signal, correlationId, peer, method: name } = context;
  if (signal.aborted) return toAbortError(signal.reason);

  const error = HoldfastError.from(caught);
  if (error.code !== "INTERNAL") return error;

  log.error("a method failed unexpectedly", { method: name, correlationId, peer, err: caught });
  return new HoldfastError("INTERNAL", `${name} failed unexpectedly; the server's log says why`, {
    details: { correlationId },
    cause: caught,
  });
};

const fail = (call: WireCall, error: HoldfastError): void => {
  if (call.destroyed) return;
  call.emit("error", toWireStatus(error));
};

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;
