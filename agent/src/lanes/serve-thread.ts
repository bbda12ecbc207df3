import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { workerData } from "node:worker_threads";
import type { ThreadStart } from "./thread.ts";
import { type ThreadCall, type ThreadReply, toThreadError } from "./thread-messages.ts";

/** Answers one call of the main thread; the signal aborts when the main thread wants no answer any more. */
export type ThreadResponder<Request, Answer> = (request: Request, signal: AbortSignal) => Promise<Answer>;

/** The thread's end of a `Thread`: makes the responder from what the thread was started with, and serves until terminated. */
export const serveThread = <Start, Request, Answer>(open: (start: Start) => ThreadResponder<Request, Answer>): void => {
  const { port, start } = workerData as ThreadStart;
  const respond = open(start as Start);
  const running = new Map<number, AbortController>();
  const reply = (message: ThreadReply): void => {
    port.postMessage(message);
  };
  const answer = async (id: number, request: Request): Promise<void> => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      reply({ kind: "answered", id, answer: await respond(request, controller.signal) });
    } catch (caught) {
      reply({ kind: "failed", id, error: toThreadError(caught) });
    } finally {
      running.delete(id);
    }
  };
  port.on("message", (message: ThreadCall) => {
    if (message.kind === "call") void answer(message.id, message.request as Request);
    else running.get(message.id)?.abort(new HoldfastError("CANCELLED", "the lane was told to stop"));
  });
};
