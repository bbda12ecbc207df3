import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

/** What may be said with every call. */
export interface CallOptions {
  /** Ends the call, also at the server; the caller gets CANCELLED, or the signal's reason when that is ours. */
  readonly signal?: AbortSignal;
  /** Milliseconds that the whole call may take; then it fails with TIMEOUT on both sides. */
  readonly timeoutMs?: number;
  /** Ties the log lines of both sides together. */
  readonly correlationId?: string;
  /** More text headers, by lower-case name. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** How one method is called: as `ServiceImplementation` answers it, with options in place of a context. */
export type MethodClient<Method> = Method extends { methodKind: infer Kind; input: infer I; output: infer O }
  ? I extends DescMethod["input"]
    ? O extends DescMethod["output"]
      ? ClientOf<Kind, MessageInitShape<I>, MessageShape<O>>
      : never
    : never
  : never;

type ClientOf<Kind, Request, Response> = Kind extends "unary"
  ? (request: Request, options?: CallOptions) => Promise<Response>
  : Kind extends "server_streaming"
    ? (request: Request, options?: CallOptions) => AsyncIterable<Response>
    : Kind extends "client_streaming"
      ? (requests: AsyncIterable<Request>, options?: CallOptions) => Promise<Response>
      : (requests: AsyncIterable<Request>, options?: CallOptions) => AsyncIterable<Response>;

/**
 * A service as its callers see it. Errors arrive as HoldfastError. A stream of answers that is left early cancels its
 * call; one that is never iterated never starts.
 */
export type ServiceClient<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: MethodClient<Service["method"][Name]>;
};
