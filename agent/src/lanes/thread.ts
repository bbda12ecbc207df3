import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { onAbort } from "@holdfast/shared/lifecycle/abort";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { fromThreadError, type ThreadCall, type ThreadReply } from "./thread-messages.ts";

/** What a thread is started with: its own data beside the port that calls come through. */
export interface ThreadStart {
  readonly port: MessagePort;
  readonly start: unknown;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A worker thread that answers calls; its module must call `serveThread`. Messages are ours on both ends: their types are
 * erased on the way. Disposing it ends the thread, whatever it does.
 */
export class Thread<Request, Answer> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #death: HoldfastError | undefined;
  #nextId = 1;

  constructor(url: URL, start: unknown) {
    const { port1, port2 } = new MessageChannel();
    const startWith: ThreadStart = { port: port2, start };
    this.#port = port1;
    this.#port.on("message", (reply: ThreadReply) => {
      this.#settle(reply);
    });
    this.#worker = new Worker(url, { workerData: startWith, transferList: [port2] });
    this.#worker.on("error", (cause) => {
      this.#die(new HoldfastError("INTERNAL", "a lane died", { cause }));
    });
    this.#worker.on("exit", () => {
      this.#die(new HoldfastError("INTERNAL", "a lane ended"));
    });
  }

  /** Rejects with what the thread threw, with the signal's reason once the thread let go, or with INTERNAL when it died. */
  async call(request: Request, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    if (this.#death !== undefined) throw this.#death;
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#send({ kind: "call", id, request });
    const forget = onAbort(signal, () => {
      this.#send({ kind: "cancel", id });
    });
    try {
      return (await promise) as Answer;
    } catch (caught) {
      signal.throwIfAborted();
      throw caught;
    } finally {
      forget();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#die(new HoldfastError("CANCELLED", "the lane was closed"));
    this.#port.close();
    await this.#worker.terminate();
  }

  #send(message: ThreadCall): void {
    this.#port.postMessage(message);
  }

  #settle(reply: ThreadReply): void {
    const call = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === "answered") call?.resolve(reply.answer);
    else call?.reject(fromThreadError(reply.error));
  }

  #die(error: HoldfastError): void {
    this.#death ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#death);
    this.#waiting.clear();
  }
}
