import { once } from "node:events";
import { MessageChannel, type MessagePort, type Transferable, Worker } from "node:worker_threads";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type AnswerMessage, type CallMessage, type CallTable, uncarryError } from "./messages.ts";
import type { AnswerOf, ArgumentOf, Thread } from "./thread.ts";

/** A worker thread that answers calls one after another over a channel of its own. */
export class CalledThread<Calls extends CallTable> implements Thread<Calls> {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;
  #ended: HoldfastError | undefined;

  /** Starts the thread; `module` calls `answerCalls`. */
  constructor(module: URL) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(module, { workerData: { port: port2 }, transferList: [port2] });
    port1.on("message", (message: AnswerMessage) => {
      this.#settle(message);
    });
    this.#worker.once("error", (cause) => {
      this.#fail(new HoldfastError("INTERNAL", "a worker thread died", { cause }));
    });
    this.#worker.once("exit", () => {
      this.#fail(new HoldfastError("CANCELLED", "a worker thread has ended"));
    });
  }

  /** Calls that are not answered yet. */
  get load(): number {
    return this.#waiting.size;
  }

  async call<Name extends keyof Calls & string>(
    name: Name,
    argument: ArgumentOf<Calls, Name>,
    transfer: readonly Transferable[] = [],
  ): Promise<AnswerOf<Calls, Name>> {
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#nextId;
    this.#nextId += 1;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    const message: CallMessage = { id, name, argument };
    this.#port.postMessage(message, transfer);
    // The table types both ends of the channel; the channel itself carries anything.
    return (await waiting.promise) as AnswerOf<Calls, Name>;
  }

  /** Ends the thread after the calls that it was given. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = once(this.#worker, "exit");
    await Promise.allSettled([...this.#waiting.values()].map(({ promise }) => promise));
    this.#port.close();
    await exited;
  }

  #settle(message: AnswerMessage): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ("error" in message) waiting?.reject(uncarryError(message.error));
    else waiting?.resolve(message.value);
  }

  #fail(error: HoldfastError): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#port.close();
  }
}
