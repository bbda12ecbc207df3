import { type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { Agent, request as requestTls } from "node:https";
import { answerJson, answerOtherwise, type Exchange, hasBody } from "./answer.ts";
import type { ClientConnection } from "./client-connection.ts";
import { FaultTable } from "./fault-table.ts";
import { type ImageRoute, serveRequest } from "./image-routes.ts";
import { listenTls } from "./listeners.ts";
import { noMeddling, proxiedHeader } from "./meddling.ts";
import { MemoryTicketTable } from "./memory-ticket-table.ts";
import { Refusal, serverFailed } from "./refusal.ts";
import { sendBytes } from "./send-bytes.ts";
import { answerOptions } from "./serve-image.ts";
import type { Ticket } from "./ticket.ts";
import type { ImageioDaemon, ProxyDaemonOptions } from "./tickets.ts";

const maxOptionsBytes = 64 * 1024;
/** Headers that belong to one connection, not to what goes through it. */
const ownHeaders = new Set(["connection", "keep-alive", "host", "transfer-encoding", "expect"]);

/**
 * Starts the imageio proxy beside an engine: requests of its tickets go to the host's daemon, which has the ticket of the same
 * id; answers come back as they are, refusals too, but for the host's unix socket, which is of no use to the client.
 */
export const openProxyDaemon = async (options: ProxyDaemonOptions): Promise<ImageioDaemon> => {
  const { clock, hostCa } = options;
  const [tickets, faults, hosts] = [new MemoryTicketTable(clock), new FaultTable(), new HostConnections(hostCa)];
  const parts = {
    tickets,
    faults,
    clock,
    meddling: options.meddling ?? noMeddling,
    find: (method: string, rest: string) => proxyRoute(method, rest, hosts),
    answerProbe: (exchange: Exchange) => answerOptions(exchange, undefined, undefined),
  };
  const listener = await listenTls(options, clock, (exchange, client) => serveRequest(parts, exchange, client));
  return { tickets, faults, port: listener.port, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
};

/** The host decides what a ticket allows; the proxy lets everything through that names one. */
const proxyRoute = (method: string, rest: string, hosts: HostConnections): ImageRoute => ({
  operation: "read",
  renews: rest !== "extents",
  serve: (exchange, ticket, client) => {
    const agent = hosts.of(client);
    return method === "OPTIONS"
      ? passOptions(exchange, ticket, agent)
      : passThrough(exchange, { ticket, client, agent });
  },
});

/** One connection to a host for each connection of a client, so that the host's rules for connections hold through the proxy. */
class HostConnections {
  readonly #ca: string;
  readonly #agents = new WeakMap<ClientConnection, Agent>();

  constructor(ca: string) {
    this.#ca = ca;
  }

  of(client: ClientConnection): Agent {
    const known = this.#agents.get(client);
    if (known) return known;
    const agent = new Agent({ ca: this.#ca, keepAlive: true, maxSockets: 1, minVersion: "TLSv1.2" });
    this.#agents.set(client, agent);
    client.signal.addEventListener("abort", () => agent.destroy(), { once: true });
    return agent;
  }
}

const passOptions = async (exchange: Exchange, ticket: Ticket, agent: Agent): Promise<void> => {
  const answer = await ask(exchange, { ticket, agent, signal: ticket.signal });
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer) {
    const bytes = Buffer.from(part as Uint8Array);
    size += bytes.length;
    if (size > maxOptionsBytes) throw serverFailed();
    parts.push(bytes);
  }
  const body = Buffer.concat(parts).toString("utf8");
  if (answer.statusCode !== 200) throw new Refusal(answer.statusCode ?? 500, body, { connection: "close" });
  const told = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const { unix_socket: _hosts, ...rest } = told;
  answerJson(exchange, rest, { allow: answer.headers.allow ?? "" });
};

const passThrough = async (
  exchange: Exchange,
  parts: { readonly ticket: Ticket; readonly client: ClientConnection; readonly agent: Agent },
): Promise<void> => {
  const { ticket, client, agent } = parts;
  const signal = client.signalFor(ticket);
  const leave = await ticket.enter({ cut: () => client.cut() }, signal);
  try {
    const answer = await ask(exchange, { ticket, agent, signal });
    if (answerOtherwise(exchange)) {
      answer.resume();
      return;
    }
    // A host that closes has not read the request's body, or was asked to: the client is not served any longer either.
    const close = answer.headers.connection === "close" ? { connection: "close" } : {};
    exchange.response.writeHead(answer.statusCode ?? 500, { ...passableHeaders(answer.headers), ...close });
    const count = counterOf(exchange, ticket, answer);
    let left = exchange.fate?.kind === "short" ? exchange.fate.bytes : Number.POSITIVE_INFINITY;
    for await (const chunk of answer) {
      const bytes = (chunk as Uint8Array).subarray(0, left);
      await sendBytes(exchange.response, bytes, signal);
      count(bytes.length);
      left -= bytes.length;
      if (left === 0) return client.cut();
    }
    exchange.response.end();
  } finally {
    leave();
  }
};

/** Counts the bytes of contents that pass; other answers do not count. */
const counterOf = ({ request, url }: Exchange, ticket: Ticket, answer: IncomingMessage): ((length: number) => void) => {
  const contents = request.method === "GET" && /^\/images\/[^/]+$/.test(url.pathname);
  const good = answer.statusCode === 200 || answer.statusCode === 206;
  if (!contents || !good) return () => undefined;
  let offset = Number(/^bytes (\d+)-/.exec(answer.headers["content-range"] ?? "")?.[1] ?? 0);
  return (length) => {
    ticket.countRead({ offset, length });
    offset += length;
  };
};

/** Sends the request on, its body with it, and waits for the head of the answer; 500 when the host cannot be asked. */
const ask = (
  { request, url }: Exchange,
  parts: { readonly ticket: Ticket; readonly agent: Agent; readonly signal: AbortSignal },
): Promise<IncomingMessage> => {
  const { target } = parts.ticket.spec;
  if (target.kind !== "http") return Promise.reject(serverFailed());
  return new Promise((resolve, reject) => {
    const onward = requestTls(`${target.origin}${url.pathname}${url.search}`, {
      method: request.method ?? "GET",
      agent: parts.agent,
      headers: { ...passableHeaders(request.headers), [proxiedHeader]: "yes" },
      signal: parts.signal,
    });
    onward.once("response", resolve);
    onward.on("error", (error) => reject(Object.assign(serverFailed(), { cause: error })));
    if (!hasBody(request)) {
      onward.end();
      return;
    }
    // The host judges a head before there is a body.
    onward.flushHeaders();
    request.pipe(onward);
  });
};

const passableHeaders = (headers: OutgoingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name)));
