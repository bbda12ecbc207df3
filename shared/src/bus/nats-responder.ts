import type { Msg, NatsConnection } from "nats";
import type { Logger } from "../logging/logger.ts";
import { createBoundedWork } from "./bounded-work.ts";
import type { BusResponder, ServeOptions } from "./bus.ts";

/** Requests that may wait for a responder that is busy with its `concurrency`; more are dropped and time out. */
const maxWaiting = 1_024;

/** A subscription that answers requests until it is finished. */
export interface Responding {
  /** Takes no more requests; resolves when those taken are answered. */
  finish(): Promise<void>;
}

/** Answers the requests of a subject, a bounded number at once, in the order of their arrival. */
export const startResponding = (
  connection: NatsConnection,
  subject: string,
  respond: BusResponder,
  { queue, concurrency = 64, log }: ServeOptions & { readonly log: Logger },
): Responding => {
  const work = createBoundedWork(concurrency, maxWaiting);
  const answer = async (message: Msg): Promise<void> => {
    try {
      message.respond(await respond({ subject: message.subject, payload: message.data }));
    } catch (caught) {
      log.error("a request of the bus was not answered", { subject: message.subject, err: caught });
    }
  };

  const subscription = connection.subscribe(subject, {
    ...(queue === undefined ? {} : { queue }),
    callback: (error, message) => {
      if (error !== null) {
        log.warn("a subscription of the bus failed", { subject, err: error });
        return;
      }
      const isTaken = work.offer(() => answer(message));
      if (!isTaken) log.warn("a request of the bus was dropped", { subject: message.subject });
    },
  });

  return {
    finish: async () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
      await work.idle();
    },
  };
};
