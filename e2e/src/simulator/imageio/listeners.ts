import type { Clock } from "@holdfast/shared/clock/clock";
import { once } from "node:events";
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { ClientConnection } from "./client-connection.ts";
import type { Exchange } from "./answer.ts";
import type { TlsIdentity } from "./tickets.ts";

/** Serves one request of a connection. */
export type ServeExchange = (exchange: Exchange, client: ClientConnection) => Promise<void>;

/** A server that listens; disposing of it closes it and every connection. */
export interface Listener extends AsyncDisposable {
  /** 0 for a unix socket. */
  readonly port: number;
}

/** Where and as whom a daemon listens: on 127.0.0.1, on a free port unless told. */
export interface TlsPlace {
  readonly identity: TlsIdentity;
  readonly port?: number;
}

/** HTTPS on a port of 127.0.0.1. */
export const listenTls = async (place: TlsPlace, clock: Clock, serve: ServeExchange): Promise<Listener> => {
  const clients = new Clients(clock, serve);
  const server = createTlsServer({ ...place.identity, minVersion: "TLSv1.2" }, clients.listener);
  server.on("secureConnection", (socket: Socket) => clients.add(socket));
  server.listen(place.port ?? 0, "127.0.0.1");
  return listening(server);
};

/** HTTP on a unix socket: a path, or an abstract name. */
export const listenUnix = async (path: string, clock: Clock, serve: ServeExchange): Promise<Listener> => {
  const clients = new Clients(clock, serve);
  const server = createPlainServer(clients.listener);
  server.on("connection", (socket: Socket) => clients.add(socket));
  server.listen({ path });
  return listening(server);
};

const listening = async (server: Server): Promise<Listener> => {
  // Connections end by their own idle timers.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  await once(server, "listening");
  const address: string | AddressInfo | null = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

/** The connections of one server. */
class Clients {
  readonly listener: RequestListener;
  readonly #clock: Clock;
  readonly #clients = new WeakMap<Socket, ClientConnection>();

  constructor(clock: Clock, serve: ServeExchange) {
    this.#clock = clock;
    this.listener = (request, response) => {
      const client = this.#clients.get(request.socket) ?? this.add(request.socket);
      void client.serve(() => serve({ request, response, url: urlOf(request) }, client));
    };
  }

  add(socket: Socket): ClientConnection {
    const client = new ClientConnection(socket, this.#clock);
    this.#clients.set(socket, client);
    return client;
  }
}

const urlOf = (request: IncomingMessage): URL => {
  const url = request.url ?? "/";
  return URL.canParse(url, "http://daemon") ? new URL(url, "http://daemon") : new URL("http://daemon/");
};
