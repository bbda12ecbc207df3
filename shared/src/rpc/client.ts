import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Client } from "@grpc/grpc-js";
import { type Clock, systemClock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type Calling, callMethod } from "./client-call.ts";
import type { CallOptions, ServiceClient } from "./client-types.ts";
import type { RpcClientCredentials } from "./credentials.ts";
import { defaultKeepalive, flowWindowBytes, type Keepalive, maxMessageBytes } from "./limits.ts";

/** What a client may be told beyond whom to dial. */
export interface RpcClientOptions {
  readonly keepalive?: Keepalive;
  /** Stands in every call that brings no correlation id of its own. */
  readonly correlationId?: string;
  /** Text headers of every call, by lower-case name, such as a token. */
  readonly metadata?: () => Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/**
 * One connection to one server, shared with nobody, made at the first call and again after every loss. Calls while it
 * cannot be made fail with UNAVAILABLE at once; retrying is the caller's. Disposing it ends its calls.
 */
export interface RpcClient extends AsyncDisposable {
  readonly address: string;
  service<Service extends DescService>(service: Service): ServiceClient<Service>;
  /** Resolves when the connection stands; UNAVAILABLE when it does not within `timeoutMs`. */
  ready(timeoutMs: number): Promise<void>;
}

/** Makes a client of the server at `host:port` or `unix:/path`. Nothing is dialled yet. */
export const openRpcClient = (
  address: string,
  credentials: RpcClientCredentials,
  options: RpcClientOptions = {},
): RpcClient => {
  const clock = options.clock ?? systemClock;
  const client = new Client(address, credentials.channel, channelOptions(options.keepalive ?? defaultKeepalive));
  const closing = new AbortController();
  const { correlationId, metadata = none } = options;
  const calling: Calling = { client, clock, closed: closing.signal, correlationId, metadata };

  return {
    address,
    service: (service) => bindMethods(service, calling),
    ready: (timeoutMs) =>
      new Promise((resolve, reject) => {
        client.waitForReady(clock.nowMs() + timeoutMs, (cause) => {
          if (cause === undefined) resolve();
          else reject(new HoldfastError("UNAVAILABLE", `no connection to ${address}`, { details: { address }, cause }));
        });
      }),
    [Symbol.asyncDispose]: async () => {
      closing.abort(new HoldfastError("CANCELLED", `the connection to ${address} was closed`));
      client.close();
    },
  };
};

const none = (): Readonly<Record<string, string>> => ({});

/** Proxies of the environment and name records are not for us; retries are declared where they are safe. */
const channelOptions = (keepalive: Keepalive): Record<string, number> => ({
  "grpc.max_receive_message_length": maxMessageBytes,
  "grpc.max_send_message_length": maxMessageBytes,
  "grpc.keepalive_time_ms": keepalive.timeMs,
  "grpc.keepalive_timeout_ms": keepalive.timeoutMs,
  "grpc.keepalive_permit_without_calls": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 3_000,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_channelz": 0,
  "grpc-node.flow_control_window": flowWindowBytes,
});

/** The one place where a client's types are put on: each method's messages follow from its descriptor. */
const bindMethods = <Service extends DescService>(service: Service, calling: Calling): ServiceClient<Service> => {
  const methods = service.methods.map((method) => [method.localName, bindMethod(method, calling)] as const);
  return Object.fromEntries(methods) as unknown as ServiceClient<Service>;
};

const bindMethod = (method: DescMethod, calling: Calling): unknown => {
  const call = (requests: AsyncIterable<unknown>, options: CallOptions = {}): AsyncGenerator =>
    callMethod(calling, method, requests, options);
  switch (method.methodKind) {
    case "unary":
      return (request: unknown, options?: CallOptions) => onlyAnswer(call(only(request), options), method);
    case "server_streaming":
      return (request: unknown, options?: CallOptions) => call(only(request), options);
    case "client_streaming":
      return (requests: AsyncIterable<unknown>, options?: CallOptions) => onlyAnswer(call(requests, options), method);
    case "bidi_streaming":
      return call;
  }
};

async function* only(request: unknown): AsyncGenerator {
  yield request;
}

/** The one answer, once the call's status is known to be good too. */
const onlyAnswer = async (answers: AsyncIterable<unknown>, method: DescMethod): Promise<unknown> => {
  const received: unknown[] = [];
  for await (const answer of answers) {
    received.push(answer);
    if (received.length > 1) break;
  }
  if (received.length !== 1)
    throw new HoldfastError("INTERNAL", `${method.toString()} answered ${received.length} messages`);
  return received[0];
};
