import type { Caller } from "./caller.ts";
import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

/** What a method knows of the call that it answers. */
export interface CallContext {
  /** Aborts when the caller cancelled, went away or ran out of time, and when the server stops waiting: pass it on. */
  readonly signal: AbortSignal;
  /** Aborts when the server begins to stop: a stream without an end of its own ends itself then. */
  readonly closing: AbortSignal;
  /** `package.Service/Method`. */
  readonly method: string;
  /** Address of the caller, for logs. */
  readonly peer: string;
  /** Who the caller is by its certificate; undefined when it showed none of an installation. */
  readonly caller: Caller | undefined;
  /** Ties the log lines of one operation together; made by the server when the caller sent none. */
  readonly correlationId: string;
  /** Text headers of the call, by lower-case name. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The function that answers one method: a promise for one message, an async iterable for many. */
export type MethodImplementation<Method> = Method extends { methodKind: infer Kind; input: infer I; output: infer O }
  ? I extends DescMethod["input"]
    ? O extends DescMethod["output"]
      ? ImplementationOf<Kind, MessageShape<I>, MessageInitShape<O>>
      : never
    : never
  : never;

type ImplementationOf<Kind, Request, Response> = Kind extends "unary"
  ? (request: Request, context: CallContext) => Promise<Response>
  : Kind extends "server_streaming"
    ? (request: Request, context: CallContext) => AsyncIterable<Response>
    : Kind extends "client_streaming"
      ? (requests: AsyncIterable<Request>, context: CallContext) => Promise<Response>
      : (requests: AsyncIterable<Request>, context: CallContext) => AsyncIterable<Response>;

/** One function for each method of a service, by its camelCase name. */
export type ServiceImplementation<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: MethodImplementation<Service["method"][Name]>;
};

/** A method whose message types were checked where the service was put together. */
export type ErasedMethod = (request: unknown, context: CallContext) => unknown;

/** A service with what answers it, ready for `openRpcServer`. */
export interface ServedService {
  readonly service: DescService;
  readonly methods: ReadonlyMap<string, ErasedMethod>;
}

/** Joins a service and its implementation; the types of every method are checked here and erased behind. */
export const serveService = <Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
): ServedService => {
  const methods = new Map<string, ErasedMethod>();
  for (const { localName } of service.methods) {
    const method: unknown = Reflect.get(implementation, localName);
    if (typeof method !== "function") throw new TypeError(`${service.typeName} has no ${localName}`);
    methods.set(localName, (request, context): unknown => Reflect.apply(method, implementation, [request, context]));
  }
  return { service, methods };
};
