import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Client, type Dispatcher } from "undici";
import type { ImageEndpoint } from "./image-endpoint.ts";
import { toConnectionFault, toStatusFault } from "./image-faults.ts";

/** One request on an image; the ticket's path is put in front of `suffix`. */
export interface ImageRequest {
  readonly method: "OPTIONS" | "GET" | "PUT" | "PATCH";
  readonly suffix?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** A successful answer; its body must be read to the end or left by `break`. */
export type ImageAnswer = Dispatcher.ResponseData;

/** A successful answer that was read. */
interface SmallAnswer {
  readonly statusCode: number;
  readonly words: string;
}

/** imageio ends a connection, and the engine a ticket, after 60 s without a finished request unless told otherwise. */
const defaultRestMs = 15_000;
const connectTimeoutMs = 10_000;
/** Extents of a huge disk take imageio tens of seconds before the first byte. */
const headersTimeoutMs = 300_000;
const bodyTimeoutMs = 120_000;
const largestWords = 2_048;
/** What is sent over a connection that rests. */
const question: ImageRequest = { method: "OPTIONS" };
const oneByte: ImageRequest = { method: "GET", headers: { range: "bytes=0-0" } };

/**
 * One HTTP/1.1 connection to imageio, dialled at the first request and again after a loss. A server may close a connection
 * that rested, so a request that finds its connection reset is repeated once on a new one. While it lives it sends an OPTIONS
 * whenever nothing was asked for a while, since that is what keeps the ticket alive.
 */
export class ImageConnection implements AsyncDisposable {
  readonly #endpoint: ImageEndpoint;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #client: Client;
  #isReused = false;
  #running = 0;
  #stopRest: () => void = () => undefined;

  constructor(endpoint: ImageEndpoint, clock: Clock) {
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#client = dial(endpoint);
    this.#rest();
  }

  /**
   * Sends one request. TICKET_REFUSED, ENGINE_UNTRUSTED, DISK_READ_FAILED for what a repetition cannot cure; UNAVAILABLE for
   * what a new connection may.
   */
  async send(request: ImageRequest, signal: AbortSignal): Promise<ImageAnswer> {
    this.#stopRest();
    this.#running += 1;
    try {
      return await this.#sendOrRepeat(request, signal);
    } finally {
      this.#running -= 1;
      this.#rest();
    }
  }

  /** Sends one request and reads its small answer to the end; the same failures. */
  async sendForWords(request: ImageRequest, signal: AbortSignal): Promise<SmallAnswer> {
    const answer = await this.send(request, signal);
    try {
      return { statusCode: answer.statusCode, words: await wordsOf(answer) };
    } catch (caught) {
      signal.throwIfAborted();
      throw toConnectionFault(caught, this.#endpoint);
    }
  }

  /** Drops the connection, so that the next request dials a new one. */
  async renew(): Promise<void> {
    const former = this.#client;
    this.#client = dial(this.#endpoint);
    this.#isReused = false;
    await former.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopRest();
    this.#closing.abort(new HoldfastError("CANCELLED", "the connection to imageio was closed"));
    await this.#client.destroy();
  }

  async #sendOrRepeat(request: ImageRequest, signal: AbortSignal): Promise<ImageAnswer> {
    const wasReused = this.#isReused;
    try {
      return await this.#sendOnce(request, signal);
    } catch (caught) {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      const fault = toConnectionFault(caught, this.#endpoint);
      if (!wasReused || caught instanceof HoldfastError || fault.code !== "UNAVAILABLE") throw fault;
      await this.renew();
    }
    try {
      return await this.#sendOnce(request, signal);
    } catch (caught) {
      signal.throwIfAborted();
      throw toConnectionFault(caught, this.#endpoint);
    }
  }

  async #sendOnce(request: ImageRequest, signal: AbortSignal): Promise<ImageAnswer> {
    const answer = await this.#client.request({
      method: request.method,
      path: `${this.#endpoint.ticketPath}${request.suffix ?? ""}`,
      headers: { ...request.headers },
      body: request.body ?? null,
      signal: AbortSignal.any([signal, this.#closing.signal]),
    });
    this.#isReused = true;
    if (answer.statusCode < 300) return answer;
    throw toStatusFault(answer.statusCode, await wordsOf(answer), this.#endpoint);
  }

  #rest(): void {
    this.#stopRest();
    if (this.#closing.signal.aborted) return;
    this.#stopRest = this.#clock.after(this.#endpoint.restMs ?? defaultRestMs, () => {
      void this.#keepAlive();
    });
  }

  /** What goes wrong here shows itself at the next real request. */
  async #keepAlive(): Promise<void> {
    if (this.#running > 0) return;
    try {
      const answer = await this.send(this.#endpoint.restsByReading === true ? oneByte : question, this.#closing.signal);
      await answer.body.dump();
    } catch {
      this.#rest();
    }
  }
}

/** The bytes of a small answer as text, cut where it is no longer small. */
const wordsOf = async (answer: ImageAnswer): Promise<string> => {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    size += piece.byteLength;
    if (size > largestWords) break;
  }
  return Buffer.concat(pieces).toString("utf8").slice(0, largestWords);
};

const dial = ({ origin, anchorPem, socketPath }: ImageEndpoint): Client =>
  new Client(socketPath === undefined ? origin : "http://localhost", {
    connect: socketPath === undefined ? { ca: anchorPem, timeout: connectTimeoutMs } : { timeout: connectTimeoutMs },
    ...(socketPath === undefined ? {} : { socketPath }),
    allowH2: false,
    pipelining: 1,
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
    keepAliveTimeout: bodyTimeoutMs,
    keepAliveMaxTimeout: bodyTimeoutMs,
  });
