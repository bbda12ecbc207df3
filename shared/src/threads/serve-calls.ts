import { type MessagePort, type Transferable, workerData } from "node:worker_threads";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { CallTable } from "./thread.ts";
import { carryError, type ThreadCall, type ThreadReply, type ThreadStart } from "./thread-messages.ts";

/** How a worker thread answers. */
export interface ServedCalls<Calls extends CallTable> {
  readonly calls: Calls;
  /** Buffers that an answer gives away instead of copying. */
  readonly transferOf?: (answer: unknown) => readonly Transferable[];
  /** Runs when the other end was closed, before the thread ends. */
  readonly onClose?: () => void;
}

/**
 * Answers calls until the other end closes the channel; the last thing that a worker's module does. `open` gets what the
 * thread was started with. A call that does not wait is over before the next begins.
 */
export const serveCalls = <Start, Calls extends CallTable>(open: (start: Start) => ServedCalls<Calls>): void => {
  const { port, start } = workerData as ThreadStart;
  const server = new CallServer(port, open(start as Start));
  port.on("message", (message: ThreadCall) => {
    if (message.kind === "call") void server.answer(message.id, message.name, message.argument);
    else server.cancel(message.id);
  });
  port.once("close", () => {
    server.close();
  });
};

class CallServer<Calls extends CallTable> {
  readonly #port: MessagePort;
  readonly #served: ServedCalls<Calls>;
  readonly #running = new Map<number, AbortController>();

  constructor(port: MessagePort, served: ServedCalls<Calls>) {
    this.#port = port;
    this.#served = served;
  }

  /** Never rejects: whatever goes wrong is the answer. */
  async answer(id: number, name: string, argument: unknown): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const answer: unknown = await this.#call(name, argument, controller.signal);
      this.#reply({ kind: "answered", id, answer }, this.#served.transferOf?.(answer));
    } catch (caught) {
      this.#reply({ kind: "failed", id, error: carryError(caught) });
    } finally {
      this.#running.delete(id);
    }
  }

  cancel(id: number): void {
    this.#running.get(id)?.abort(new HoldfastError("CANCELLED", "the call was cancelled"));
  }

  close(): void {
    this.#served.onClose?.();
  }

  #call(name: string, argument: unknown, signal: AbortSignal): unknown {
    const call = this.#served.calls[name];
    if (call === undefined) throw new HoldfastError("INTERNAL", `a worker thread has no call ${name}`);
    // The table types both ends of the channel; the channel itself carries anything.
    return call(argument as never, signal);
  }

  #reply(reply: ThreadReply, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(reply, transfer);
  }
}
