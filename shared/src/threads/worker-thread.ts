import { MessageChannel, type MessagePort, type Transferable, Worker } from "node:worker_threads";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { onAbort } from "../lifecycle/abort.ts";
import { calmWasm } from "./calm-wasm.ts";
import type { AnswerOf, ArgumentOf, CallOptions, CallTable, Thread } from "./thread.ts";
import { type ThreadCall, type ThreadReply, type ThreadStart, uncarryError } from "./thread-messages.ts";

/** How a thread begins and ends. */
export interface WorkerThreadOptions {
  /** Handed to the thread's module; cloneable. */
  readonly start?: unknown;
  /**
   * What disposing does to calls that are under way: `finish` waits for them and lets the thread put its things away,
   * `terminate` ends the thread whatever it does.
   */
  readonly ending: "finish" | "terminate";
}

/** A worker thread that answers calls over a channel of its own; its module calls `serveCalls` with the same table. */
export class WorkerThread<Calls extends CallTable> implements Thread<Calls> {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #ending: WorkerThreadOptions["ending"];
  readonly #exited: Promise<void>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;
  /** Why no call is taken any more. */
  #ended: HoldfastError | undefined;

  constructor(module: URL, { start, ending }: WorkerThreadOptions) {
    const { port1, port2 } = new MessageChannel();
    const startWith: ThreadStart = { port: port2, start };
    this.#port = port1;
    this.#ending = ending;
    calmWasm();
    this.#worker = new Worker(module, { workerData: startWith, transferList: [port2] });
    this.#port.on("message", (reply: ThreadReply) => {
      this.#settle(reply);
    });
    this.#worker.once("error", (cause) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#fail(new HoldfastError("INTERNAL", `a worker thread died: ${why}`, { cause }));
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    this.#worker.once("exit", () => {
      this.#fail(new HoldfastError("INTERNAL", "a worker thread ended by itself"));
      resolve();
    });
  }

  get load(): number {
    return this.#waiting.size;
  }

  async call<Name extends keyof Calls & string>(
    name: Name,
    argument: ArgumentOf<Calls, Name>,
    { transfer = [], signal }: CallOptions = {},
  ): Promise<AnswerOf<Calls, Name>> {
    signal?.throwIfAborted();
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#nextId;
    this.#nextId += 1;
    this.#send({ kind: "call", id, name, argument }, transfer);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    const forget = onAbort(signal, () => {
      this.#send({ kind: "cancel", id });
    });
    try {
      // The table types both ends of the channel; the channel itself carries anything.
      return (await waiting.promise) as AnswerOf<Calls, Name>;
    } catch (caught) {
      signal?.throwIfAborted();
      throw caught;
    } finally {
      forget();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= new HoldfastError("CANCELLED", "the worker thread was closed");
    if (this.#ending === "finish") await this.#finish();
    else await this.#terminate(this.#ended);
  }

  async #finish(): Promise<void> {
    await Promise.allSettled([...this.#waiting.values()].map(({ promise }) => promise));
    this.#port.close();
    await this.#exited;
  }

  async #terminate(reason: HoldfastError): Promise<void> {
    this.#fail(reason);
    await this.#worker.terminate();
    await this.#exited;
  }

  #send(message: ThreadCall, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #settle(reply: ThreadReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === "answered") waiting?.resolve(reply.answer);
    else waiting?.reject(uncarryError(reply.error));
  }

  #fail(error: HoldfastError): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#port.close();
  }
}
