import {
  answerOptions,
  getChecksum,
  getChecksumAlgorithms,
  getContent,
  getExtents,
  patchImage,
  putContent,
} from "./serve-image.ts";
import type { ImageRequest } from "./serve-image.ts";
import { FaultTable } from "./fault-table.ts";
import { type ImageRoute, type RouteParts, serveRequest } from "./image-routes.ts";
import { listenTls, listenUnix, type ServeExchange } from "./listeners.ts";
import { noMeddling } from "./meddling.ts";
import { MemoryTicketTable } from "./memory-ticket-table.ts";
import type { HostDaemonOptions, ImageioDaemon, TicketOperation } from "./tickets.ts";

/** Starts the imageio daemon of one simulated host: HTTPS on a free port of 127.0.0.1, HTTP on the host's unix socket. */
export const openHostDaemon = async (options: HostDaemonOptions): Promise<ImageioDaemon> => {
  const { clock, unixSocket } = options;
  const tickets = new MemoryTicketTable(clock);
  const faults = new FaultTable();
  const routes = hostRoutes(faults, unixSocket);
  const parts: RouteParts = {
    tickets,
    faults,
    clock,
    meddling: options.meddling ?? noMeddling,
    find: (method, rest) => routes.get(`${method} ${rest}`),
    answerProbe: (exchange) => answerOptions(exchange, undefined, unixSocket),
  };
  const serve: ServeExchange = (exchange, client) => serveRequest(parts, exchange, client);
  await using stack = new AsyncDisposableStack();
  const tls = stack.use(await listenTls(options, clock, serve));
  stack.use(await listenUnix(unixSocket, clock, serve));
  const opened = stack.move();
  return { tickets, faults, port: tls.port, [Symbol.asyncDispose]: () => opened.disposeAsync() };
};

const hostRoutes = (faults: FaultTable, unixSocket: string): ReadonlyMap<string, ImageRoute> => {
  const image = (
    operation: TicketOperation,
    serve: (request: ImageRequest) => Promise<void>,
    renews = true,
  ): ImageRoute => ({
    operation,
    renews,
    serve: (exchange, ticket, client) => serve({ exchange, ticket, client, faults }),
  });
  const options: ImageRoute = {
    operation: "read",
    renews: true,
    serve: async (exchange, ticket) => answerOptions(exchange, ticket, unixSocket),
  };
  return new Map([
    ["OPTIONS ", options],
    ["GET ", image("read", getContent)],
    ["GET extents", image("read", getExtents, false)],
    ["GET checksum", image("read", getChecksum)],
    ["GET checksum/algorithms", image("read", getChecksumAlgorithms)],
    ["PUT ", image("write", putContent)],
    ["PATCH ", image("write", patchImage)],
  ]);
};
