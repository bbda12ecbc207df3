/** A message as it arrived. */
export interface BusMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
}

/** Answers one request; what it throws is not sent: wrap payloads with `busServe`, which carries errors. */
export type BusResponder = (message: BusMessage) => Promise<Uint8Array>;

/** Limits of one request. */
export interface RequestLimits {
  /** Milliseconds to wait for the answer; then UNAVAILABLE when the bus is out of reach, TIMEOUT when nobody answered in time. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** How a responder shares and bounds its work. */
export interface ServeOptions {
  /** Responders of one queue share the requests; without one, each gets all. */
  readonly queue?: string;
  /** Requests answered at once; more wait in order (default 64). */
  readonly concurrency?: number;
}

/** Messages of one subject until it is closed or the bus ends. The newest are dropped when `limit` wait unread. */
export interface BusSubscription extends AsyncIterable<BusMessage>, AsyncDisposable {
  readonly close: () => Promise<void>;
}

/** Whether messages can travel now. */
export type BusState = "connected" | "reconnecting" | "closed";

/**
 * Messages between processes, delivered at most once: a lost one must cost time and nothing else. Out of reach it
 * connects again for ever; subscriptions live on.
 */
export interface Bus extends AsyncDisposable {
  readonly state: BusState;
  /** Resolves when the bus has ended for good; it does so only by `drain` or disposal. */
  readonly closed: Promise<void>;
  /** Sends without asking for anything; lost without a word when the bus is out of reach. */
  publish(subject: string, payload: Uint8Array): void;
  /** UNAVAILABLE when nobody serves the subject or the bus is out of reach, TIMEOUT when the answer did not come in time. */
  request(subject: string, payload: Uint8Array, limits: RequestLimits): Promise<Uint8Array>;
  /** Answers requests from now on, when this resolves; disposing the result answers those that arrived and no more. */
  serve(subject: string, respond: BusResponder, options?: ServeOptions): Promise<AsyncDisposable>;
  /** Receives messages from now on, when this resolves. */
  subscribe(subject: string, options?: SubscribeOptions): Promise<BusSubscription>;
  /** Calls back at every change of state; the result takes the callback away. */
  readonly onState: (listener: (state: BusState) => void) => () => void;
  /** Lets work that arrived finish, then closes. */
  drain(): Promise<void>;
}

/** How messages of a subscription are shared and held. */
export interface SubscribeOptions {
  readonly queue?: string;
  /** Messages that may wait unread (default 1,024); the newest beyond that are dropped, as a lost wake-up costs seconds. */
  readonly limit?: number;
}
