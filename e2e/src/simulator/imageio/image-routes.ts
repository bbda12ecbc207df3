import type { Clock } from "@holdfast/shared/clock/clock";
import { answerError, answerHead, answerJson, type Exchange } from "./answer.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { FaultTable } from "./fault-table.ts";
import { type Meddling, fateOf, operationOf, proxiedHeader, refuseEarly } from "./meddling.ts";
import type { MemoryTicketTable } from "./memory-ticket-table.ts";
import { badRequest, notFound, Refusal } from "./refusal.ts";
import type { Ticket } from "./ticket.ts";
import type { TicketOperation } from "./tickets.ts";

/** One thing that can be done with an image. */
export interface ImageRoute {
  readonly operation: TicketOperation;
  /** False for what does not count as an operation: it renews neither the ticket's life nor its idleness. */
  readonly renews: boolean;
  readonly serve: (exchange: Exchange, ticket: Ticket, client: ClientConnection) => Promise<void>;
}

/** What a daemon answers requests with. */
export interface RouteParts {
  readonly tickets: MemoryTicketTable;
  readonly faults: FaultTable;
  readonly clock: Clock;
  readonly meddling: Meddling;
  /** The route of a method and of what follows the ticket in the path ("" for the image itself). */
  readonly find: (method: string, rest: string) => ImageRoute | undefined;
  /** OPTIONS of no ticket in particular. */
  readonly answerProbe: (exchange: Exchange) => void;
}

const version = "2.5.3";
const maxRequestLine = 4096;
const knownMethods = ["OPTIONS", "GET", "PUT", "PATCH"];

/** Serves one request from its line to its answer; whatever goes wrong becomes the answer. */
export const serveRequest = async (parts: RouteParts, exchange: Exchange, client: ClientConnection): Promise<void> => {
  try {
    await route(parts, exchange, client);
  } catch (caught) {
    answerError(exchange, caught);
  }
};

const route = async (parts: RouteParts, exchange: Exchange, client: ClientConnection): Promise<void> => {
  const { method = "", url = "" } = exchange.request;
  if (`${method} ${url} HTTP/1.1`.length > maxRequestLine) throw new Refusal(414, "Request-URI too long");
  if (method === "HEAD") return answerHead(exchange, client.signal);
  if (!knownMethods.includes(method)) throw new Refusal(405, `Method ${method} not allowed`);
  return routePath(parts, exchange, client);
};

const routePath = async (parts: RouteParts, exchange: Exchange, client: ClientConnection): Promise<void> => {
  const { method } = exchange.request;
  const path = exchange.url.pathname;
  if (path === "/info/" && method === "GET") return answerJson(exchange, { version });
  const match = /^\/images\/([^/]+)(?:\/(.*))?$/.exec(path);
  if (!match) throw notFound(`No handler for '${path}'`);
  const [, id = "", rest = ""] = match;
  if (id === "*" && method === "OPTIONS") return parts.answerProbe(exchange);
  return serveTicket(parts, exchange, { client, id: decode(id), rest });
};

const serveTicket = async (
  parts: RouteParts,
  exchange: Exchange,
  target: { readonly client: ClientConnection; readonly id: string; readonly rest: string },
): Promise<void> => {
  const { client, id, rest } = target;
  await parts.faults.hold(id, parts.clock, client.signal);
  await meddle(parts, exchange, target);
  const found = parts.find(exchange.request.method ?? "", rest);
  if (!found) throw rest === "" ? new Refusal(405, `Method ${exchange.request.method} not allowed`) : notFound(rest);
  const ticket = parts.tickets.get(id);
  ticket.authorize(found.operation);
  client.authorized(ticket);
  await ticket.run(found.renews, () => found.serve(exchange, ticket, client));
};

/** What the rules do before the request is served, and what they mean to do with its answer. */
const meddle = async (
  { meddling }: RouteParts,
  exchange: Exchange,
  target: { readonly client: ClientConnection; readonly id: string; readonly rest: string },
): Promise<void> => {
  const operation = operationOf(exchange.request.method ?? "", target.rest);
  const isProxied = proxiedHeader in exchange.request.headers;
  const effects = meddling.take({ operation, ticketId: target.id, isProxied });
  if (effects.length === 0) return;
  await meddling.hold(effects, target.client.signal);
  refuseEarly(effects);
  const fate = fateOf(effects);
  if (fate !== undefined) exchange.fate = fate;
};

const decode = (id: string): string => {
  try {
    return decodeURIComponent(id);
  } catch {
    throw badRequest(`Invalid ticket ${id}`);
  }
};
