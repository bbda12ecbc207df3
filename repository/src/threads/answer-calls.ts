import { type MessagePort, type Transferable, workerData } from "node:worker_threads";
import { type AnswerMessage, type CallMessage, type CallTable, carryError } from "./messages.ts";

/** A worker thread's own end of its channel, as `CalledThread` hands it over. */
interface ThreadData {
  readonly port: MessagePort;
}

/** How a worker thread answers. */
export interface Answers<Calls extends CallTable> {
  readonly calls: Calls;
  /** Buffers that an answer gives away instead of copying. */
  readonly transferOf?: (answer: unknown) => readonly Transferable[];
  /** Runs when the other end is closed, before the thread ends. */
  readonly onClose?: () => void;
}

/** Answers calls until the other end closes the channel; the last thing that a worker's module does. */
export const answerCalls = <Calls extends CallTable>({ calls, transferOf, onClose }: Answers<Calls>): void => {
  const { port } = workerData as ThreadData;
  const answer = (message: AnswerMessage, transfer: readonly Transferable[] = []): void => {
    port.postMessage(message, transfer);
  };
  port.on("message", ({ id, name, argument }: CallMessage) => {
    try {
      const value: unknown = calls[name]?.(argument as never);
      answer({ id, value }, transferOf?.(value));
    } catch (caught) {
      answer({ id, error: carryError(caught) });
    }
  });
  port.once("close", () => {
    onClose?.();
  });
};
