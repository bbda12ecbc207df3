import type { DescMethod } from "@bufbuild/protobuf";
import { logVerbosity, Server, setLogVerbosity, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { type Clock, systemClock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { Logger } from "../logging/logger.ts";
import { type Admit, LiveCalls, requireCaller } from "./admission.ts";
import type { Caller } from "./caller.ts";
import type { RpcServerCredentials } from "./credentials.ts";
import { createHealth } from "./health.ts";
import type { ServedService } from "./implementation.ts";
import { defaultKeepalive, type Keepalive, maxMessageBytes } from "./limits.ts";
import { formatAddress, type ListenAddress, resolveListenAddress } from "./listen-address.ts";
import { createReflection } from "./reflection.ts";
import { answerCall, type WireCall } from "./server-call.ts";
import { widenConnectionWindows, widenStreamWindows } from "./server-windows.ts";
import { keepSocketPrivate, removeStaleSocket } from "./stale-socket.ts";

/** What a server serves, and where. */
export interface RpcServerOptions {
  /** `127.0.0.1:0`, `[::1]:7000` or `unix:/path`. */
  readonly listen: string;
  readonly services: readonly ServedService[];
  readonly credentials: RpcServerCredentials;
  /**
   * Decides who may call what. Without it every caller with a certificate of the installation may call everything; a server that asks
   * for no certificates has to decide.
   */
  readonly admit?: Admit;
  readonly log: Logger;
  /** Milliseconds that calls under way may take to end once the server stops (default 5,000). */
  readonly drainMs?: number;
  readonly keepalive?: Keepalive;
  /** Calls at once on one connection; more wait at the client (default 256). */
  readonly maxConcurrentCalls?: number;
  readonly clock?: Clock;
}

/** A server that listens. Disposing it refuses new calls, lets those under way end, then ends them with UNAVAILABLE. */
export interface RpcServer extends AsyncDisposable {
  /** Where clients dial it: the real port when 0 was asked for. */
  readonly address: string;
  /** What health checks answer for one service, or for the whole server when none is named. */
  setServing(isServing: boolean, serviceName?: string): void;
  /** Ends the calls under way of every caller that `isEnded` names, with this reason. */
  endCalls(isEnded: (caller: Caller) => boolean, reason: HoldfastError): void;
}

/** Milliseconds that cancelled calls get to send their status before their connections are cut. */
const cutAfterMs = 1_000;

/** Binds a server of the given services, with health checks and reflection. */
export const openRpcServer = async (options: RpcServerOptions): Promise<RpcServer> => {
  const address = await resolveListenAddress(options.listen);
  const health = createHealth(options.services.map(({ service }) => service.typeName));
  const reflection = createReflection([...options.services, health.service].map(({ service }) => service));
  const stopping = new AbortController();
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();
  const live = new LiveCalls();
  const admit = options.admit ?? admitMembers(options.credentials);

  const server = createServer(options);
  for (const served of [...options.services, health.service, reflection]) {
    addService(server, served, (call, method, implementation) => {
      const { log } = options;
      const signals = { closing: stopping.signal, stopped: stopped.signal };
      const work = answerCall(call, { method, implementation, log, admit, live, ...signals });
      running.add(work);
      void work.finally(() => running.delete(work));
    });
  }
  const bound = await bind(server, address, options);

  const clock = options.clock ?? systemClock;
  const close = once(async () => {
    health.close();
    stopping.abort(new HoldfastError("UNAVAILABLE", "the server is stopping"));
    const drained = shutdown(server);
    if (await within(drained, options.drainMs ?? 5_000, clock)) return;

    stopped.abort(new HoldfastError("UNAVAILABLE", "the server stopped"));
    if (await within(Promise.all([drained, ...running]), cutAfterMs, clock)) return;
    options.log.warn("calls outlived their server", { calls: running.size });
    server.forceShutdown();
    await drained;
  });

  return {
    address: formatAddress(bound),
    setServing: (isServing, name) => {
      health.setServing(isServing, name);
    },
    endCalls: (isEnded, reason) => {
      live.end(isEnded, reason);
    },
    [Symbol.asyncDispose]: close,
  };
};

const admitMembers =
  ({ installationId }: RpcServerCredentials): Admit =>
  (call) => {
    requireCaller(call, installationId);
  };

const createServer = ({ keepalive = defaultKeepalive, maxConcurrentCalls = 256 }: RpcServerOptions): Server => {
  // The library would write to standard error by itself what our errors and logs tell already.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": maxConcurrentCalls,
    "grpc.keepalive_time_ms": keepalive.timeMs,
    "grpc.keepalive_timeout_ms": keepalive.timeoutMs,
    "grpc.enable_channelz": 0,
  });
  widenStreamWindows(server);
  return server;
};

type StartCall = (
  call: WireCall,
  method: DescMethod,
  implementation: ServedService["methods"] extends ReadonlyMap<string, infer M> ? M : never,
) => void;

/** Registers every method as a two-way stream of plain bytes, which on the wire is what each kind is. */
const addService = (server: Server, { service, methods }: ServedService, start: StartCall): void => {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const wire = {
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const implementation: UntypedServiceImplementation = {};
  for (const method of service.methods) {
    const erased = methods.get(method.localName);
    if (erased === undefined) throw new TypeError(`${service.typeName} has no ${method.localName}`);
    implementation[method.localName] = (call: WireCall): void => {
      start(call, method, erased);
    };
  }
  const definition = service.methods.map((method) => [
    method.localName,
    { path: `/${service.typeName}/${method.name}`, ...wire },
  ]);
  server.addService(Object.fromEntries(definition), implementation);
};

const bind = async (
  server: Server,
  address: ListenAddress,
  { credentials }: RpcServerOptions,
): Promise<ListenAddress> => {
  if (address.kind === "unix") await removeStaleSocket(address.path);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(formatAddress(address), credentials.channel, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new HoldfastError("UNAVAILABLE", `cannot listen on ${formatAddress(address)}`, { cause: error }));
    });
  });
  widenConnectionWindows(server);
  if (address.kind === "tcp") return { ...address, port };
  await keepSocketPrivate(address.path);
  return address;
};

const shutdown = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.tryShutdown(() => {
      resolve();
    });
  });

/** True when `work` settled within `ms`. */
const within = async (work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.after(ms, () => {
    resolve(false);
  });
  work.then(
    () => resolve(true),
    () => resolve(true),
  );
  try {
    return await promise;
  } finally {
    cancel();
  }
};

const once = (close: () => Promise<void>): (() => Promise<void>) => {
  let closing: Promise<void> | undefined;
  return () => (closing ??= close());
};
