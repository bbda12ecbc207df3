import { connect, type NatsConnection, NatsError, type RequestOptions } from "nats";
import { type Clock, systemClock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { orAborted, toAbortError } from "../lifecycle/abort.ts";
import { type Logger, logTransition } from "../logging/logger.ts";
import { createBoundedQueue } from "./bounded-queue.ts";
import type { Bus, BusMessage, BusState, BusSubscription, RequestLimits, SubscribeOptions } from "./bus.ts";
import { createBusState, type StateHolder, untilConnected } from "./bus-state.ts";
import type { BusCredentials } from "./credentials.ts";
import { fromNatsError } from "./nats-error.ts";
import { type Responding, startResponding } from "./nats-responder.ts";
import { inboxPrefix } from "./subjects.ts";

/** How to reach the bus, and as whom. */
export interface BusOptions {
  /** `nats://host:port` of every server. */
  readonly servers: readonly string[];
  readonly credentials: BusCredentials;
  /** The program's name, as the server's own monitoring shows it. */
  readonly name: string;
  /** Whose private inboxes answers come to: an agent's id, or a controller's. */
  readonly ownerId: string;
  readonly log: Logger;
  /** Milliseconds to keep trying for the first connection (default 10,000); later losses are mended for ever. */
  readonly connectTimeoutMs?: number;
  readonly clock?: Clock;
}

const firstRetryMs = 250;
const drainMs = 5_000;

/** Connects to the bus; UNAVAILABLE when no server answers in time. */
export const openBus = async (options: BusOptions, signal?: AbortSignal): Promise<Bus> => {
  const connection = await connectFirst(options, signal);
  const state = createBusState();
  state.onState((to, from) => {
    logTransition(options.log, { kind: "bus", id: options.ownerId, from, to });
  });
  // Not awaited anywhere: the library does not end this iteration when the connection closes.
  void watchStatus(connection, state, options.log);
  const closed = untilClosed(connection, state);

  return natsBus({ connection, state, closed, log: options.log, clock: options.clock ?? systemClock });
};

interface Parts {
  readonly connection: NatsConnection;
  readonly state: StateHolder;
  readonly closed: Promise<void>;
  readonly log: Logger;
  readonly clock: Clock;
}

const natsBus = (parts: Parts): Bus => {
  const { connection, state, closed, log } = parts;
  const responders = new Set<Responding>();
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => (ending ??= finishAll(parts, responders));

  return {
    get state(): BusState {
      return state.current;
    },
    closed,
    onState: state.onState,
    publish: (subject, payload) => {
      if (state.current !== "connected") return;
      try {
        connection.publish(subject, payload);
      } catch (caught) {
        throw fromNatsError(caught, subject, false);
      }
    },
    request: (subject, payload, limits) => request(parts, subject, payload, limits),
    serve: async (subject, respond, serveOptions = {}) => {
      const responder = startResponding(connection, subject, respond, { ...serveOptions, log });
      responders.add(responder);
      await subscribed(parts);
      return {
        [Symbol.asyncDispose]: async () => {
          responders.delete(responder);
          await responder.finish();
        },
      };
    },
    subscribe: async (subject, subscribeOptions) => {
      const subscription = subscribe(parts, subject, subscribeOptions);
      await subscribed(parts);
      return subscription;
    },
    drain: end,
    [Symbol.asyncDispose]: end,
  };
};

/**
 * Waits for a lost connection as long as the request may take. The client library would keep the request and send it
 * after the outage, long after the caller gave up; so nothing is handed to it while it is not connected.
 */
const request = async (
  parts: Parts,
  subject: string,
  payload: Uint8Array,
  limits: RequestLimits,
): Promise<Uint8Array> => {
  const { connection, state, clock } = parts;
  const deadline = clock.monotonicMs() + limits.timeoutMs;
  const losses = state.losses;
  try {
    if (state.current !== "connected")
      await untilConnected(state, { timeoutMs: limits.timeoutMs, clock, signal: limits.signal });
    const options: RequestOptions = { timeout: Math.max(1, Math.ceil(deadline - clock.monotonicMs())) };
    const asking = connection.request(subject, payload, options);
    const answer = limits.signal === undefined ? await asking : await orAborted(asking, limits.signal);
    return answer.data;
  } catch (caught) {
    if (limits.signal?.aborted === true && !(caught instanceof NatsError)) throw toAbortError(limits.signal.reason);
    throw fromNatsError(caught, subject, state.current !== "connected" || state.losses !== losses);
  }
};

const subscribe = (
  { connection, log, closed }: Parts,
  subject: string,
  options: SubscribeOptions = {},
): BusSubscription => {
  const queue = createBoundedQueue<BusMessage>(options.limit ?? 1_024);
  const subscription = connection.subscribe(subject, {
    ...(options.queue === undefined ? {} : { queue: options.queue }),
    callback: (error, message) => {
      if (error !== null) log.warn("a subscription of the bus failed", { subject, err: error });
      else if (!queue.push({ subject: message.subject, payload: message.data })) {
        log.warn("a message of the bus was dropped", { subject: message.subject });
      }
    },
  });
  const close = async (): Promise<void> => {
    if (!subscription.isClosed()) subscription.unsubscribe();
    queue.close();
  };
  void closeWith(queue, closed);

  return { [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](), close, [Symbol.asyncDispose]: close };
};

const closeWith = async (queue: { readonly close: () => void }, closed: Promise<void>): Promise<void> => {
  await closed;
  queue.close();
};

/** Resolves when the server knows the subscriptions made so far; while it is out of reach they are made on return. */
const subscribed = async ({ connection, state }: Parts): Promise<void> => {
  if (state.current !== "connected") return;
  try {
    await connection.flush();
  } catch (caught) {
    if (state.current === "connected") throw fromNatsError(caught, "flush", true);
  }
};

const finishAll = async (
  { connection, state, clock, closed }: Parts,
  responders: ReadonlySet<Responding>,
): Promise<void> => {
  const finished = (async () => {
    await Promise.all([...responders].map((responder) => responder.finish()));
    if (state.current === "connected") await connection.drain();
  })();
  const limit = new AbortController();
  const cancel = clock.after(drainMs, () => {
    limit.abort(new HoldfastError("TIMEOUT", "the bus did not drain in time"));
  });
  try {
    await orAborted(finished, limit.signal);
  } catch {
    // Whatever stops a farewell, the connection is closed below; a lost message costs time and nothing else.
  } finally {
    cancel();
  }
  if (!connection.isClosed()) await connection.close();
  await closed;
};

const connectFirst = async (options: BusOptions, signal?: AbortSignal): Promise<NatsConnection> => {
  const clock = options.clock ?? systemClock;
  const deadline = clock.monotonicMs() + (options.connectTimeoutMs ?? 10_000);
  for (;;) {
    try {
      return await connect({
        ...options.credentials.options,
        servers: [...options.servers],
        name: options.name,
        inboxPrefix: inboxPrefix(options.ownerId),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        timeout: 3_000,
        pingInterval: 10_000,
        maxPingOut: 2,
        ignoreAuthErrorAbort: true,
        ignoreClusterUpdates: false,
        noAsyncTraces: true,
      });
    } catch (caught) {
      if (clock.monotonicMs() + firstRetryMs >= deadline) {
        throw new HoldfastError("UNAVAILABLE", `no server of the bus answers: ${options.servers.join(", ")}`, {
          cause: caught,
        });
      }
      await clock.sleep(firstRetryMs, signal);
    }
  }
};

const untilClosed = async (connection: NatsConnection, state: StateHolder): Promise<void> => {
  await connection.closed();
  state.set("closed");
};

const watchStatus = async (connection: NatsConnection, state: StateHolder, log: Logger): Promise<void> => {
  for await (const { type, data } of connection.status()) {
    const kind: string = type;
    if (kind === "disconnect") state.set("reconnecting");
    else if (kind === "reconnect") state.set("connected");
    else if (kind === "error") log.warn("the bus reported an error", { reason: data });
  }
};
