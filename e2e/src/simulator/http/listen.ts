import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

import type { Logger } from "@holdfast/shared/logging/logger";

import { type Request, type Response, htmlPage, readRequest, writeResponse } from "./message.ts";

/** A server that accepts connections on a port of 127.0.0.1; disposing it cuts its connections. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** Answers one request: the form of every server of the simulator. */
export type Respond = (request: Request) => Promise<Response>;

/** The listener of node's servers that reads, answers and never lets an error escape; a bug becomes a page with 500. */
export const toListener =
  (respond: Respond, log: Logger) =>
  (message: IncomingMessage, target: ServerResponse): void => {
    const run = async (): Promise<void> => {
      try {
        writeResponse(target, await respond(await readRequest(message)));
      } catch (caught) {
        if (message.destroyed && !message.complete) return;
        log.error("a request could not be answered", { err: caught, path: message.url });
        if (!target.headersSent) writeResponse(target, htmlPage(500, "500 - Internal Server Error"));
      }
    };
    void run();
  };

/** Starts listening on loopback; port 0 takes a free one. */
export const listen = async (server: Server, port: number): Promise<Listening> => {
  server.keepAliveTimeout = 60_000;
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
