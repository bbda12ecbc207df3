import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Extent } from "../../disks/extent.ts";
import type { ImageEndpoint } from "../image-endpoint.ts";
import type { TestIdentity } from "./test-identity.ts";

/** What a test makes one request meet. */
export type Misbehaviour =
  | { readonly kind: "status"; readonly status: number; readonly text?: string }
  /** Sends this many bytes of the body, then cuts the connection. */
  | { readonly kind: "short"; readonly bytes: number }
  /** Cuts the connection before any answer. */
  | { readonly kind: "reset" }
  /** Takes the request and never answers. */
  | { readonly kind: "stall" };

/** One request, as a test may look at it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
}

/** How the server is set up. */
export interface ImageServerOptions {
  readonly identity: TestIdentity;
  readonly disk: Buffer;
  readonly ticket?: string;
  readonly extents?: { readonly zero?: readonly Extent[]; readonly dirty?: readonly Extent[] };
  readonly maxReaders?: number;
  /** Also listens there, in clear; a leading NUL means an abstract one. */
  readonly unixSocket?: string;
  /** Asked before each request is answered. */
  readonly misbehave?: (request: SeenRequest) => Misbehaviour | undefined;
  /** Answers OPTIONS like daemons that know neither features nor limits. */
  readonly isOld?: boolean;
}

/** A server that speaks imageio's protocol for one ticket, with the disk in memory. */
export interface ImageServer extends AsyncDisposable {
  readonly endpoint: ImageEndpoint;
  readonly url: string;
  readonly requests: SeenRequest[];
  /** Bytes of the disk that were sent. */
  servedBytes(): number;
  /** The most connections that ever were open at once. */
  mostConnections(): number;
  openConnections(): number;
  /** The most requests for data that ever were under way at once. */
  mostReading(): number;
  /** Cuts every connection that is open now. */
  cutConnections(): void;
}

/** Starts the server on a free port. */
export const openImageServer = async (options: ImageServerOptions): Promise<ImageServer> => {
  const ticket = options.ticket ?? "0f7c1a52-1111-4222-8333-444455556666";
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let most = 0;
  let served = 0;
  let reading = 0;
  let mostReading = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === "GET") {
      reading += 1;
      mostReading = Math.max(mostReading, reading);
      response.once("close", () => (reading -= 1));
    }
    void answerOne(options, ticket, { request, response, requests, serve: (bytes) => (served += bytes) });
  };
  const servers: Server[] = [createHttpsServer(options.identity, answer)];
  if (options.unixSocket !== undefined) servers.push(createHttpServer(answer));
  for (const server of servers) {
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      most = Math.max(most, sockets.size);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
    });
  }
  servers[0]?.listen(0, "127.0.0.1");
  servers[1]?.listen(options.unixSocket);
  await Promise.all(servers.map((server) => once(server, "listening")));
  const address = servers[0]?.address() as AddressInfo | undefined;
  const port = address?.port ?? 0;
  const origin = `https://127.0.0.1:${port}`;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint: { origin, ticketPath: `/images/${ticket}`, anchorPem: options.identity.cert },
    url: `${origin}/images/${ticket}`,
    requests,
    servedBytes: () => served,
    mostConnections: () => most,
    openConnections: () => sockets.size,
    mostReading: () => mostReading,
    cutConnections: cut,
    [Symbol.asyncDispose]: async () => {
      const closed = servers.map((server) => once(server, "close"));
      for (const server of servers) server.close();
      cut();
      await Promise.all(closed);
    },
  };
};

interface OneCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requests: SeenRequest[];
  readonly serve: (bytes: number) => void;
}

const answerOne = async (options: ImageServerOptions, ticket: string, call: OneCall): Promise<void> => {
  const { request, response, requests } = call;
  const seen: SeenRequest = { method: request.method ?? "", path: request.url ?? "", range: request.headers.range };
  requests.push(seen);
  const meets = options.misbehave?.(seen);
  if (meets !== undefined && meets.kind !== "short") misbehave(meets, call);
  else if (seen.path.startsWith(`/images/${ticket}`)) {
    await answerTruly(options, call, meets?.bytes);
  } else {
    response.setHeader("connection", "close");
    say(response, 403, `You are not allowed to access this resource: No such ticket ${seen.path.split("/")[2] ?? ""}`);
  }
};

const misbehave = (how: Exclude<Misbehaviour, { readonly kind: "short" }>, { request, response }: OneCall): void => {
  switch (how.kind) {
    case "reset":
      request.socket.destroy();
      return;
    case "stall":
      request.resume();
      return;
    case "status":
      say(response, how.status, how.text ?? "Server failed to perform the request, check logs");
  }
};

const answerTruly = async (options: ImageServerOptions, call: OneCall, cutAfter: number | undefined): Promise<void> => {
  const { request, response } = call;
  const url = new URL(request.url ?? "", "http://x");
  if (url.pathname.endsWith("/extents")) answerExtents(options, url.searchParams.get("context") ?? "zero", response);
  else if (request.method === "OPTIONS") answerOptions(options, response, cutAfter);
  else if (request.method === "GET") answerRange(options.disk, call, cutAfter);
  else if (request.method === "PUT") await takeBytes(options.disk, request, response);
  else await takePatch(options.disk, request, response);
};

const say = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { "content-length": Buffer.byteLength(text) }).end(text);
};

const answerOptions = (
  { isOld = false, maxReaders = 8, unixSocket }: ImageServerOptions,
  response: ServerResponse,
  cutAfter: number | undefined,
): void => {
  if (isOld) {
    response.writeHead(405, { "content-length": 0 }).end();
    return;
  }
  const features = ["checksum", "extents", "flush", "zero"];
  const text = JSON.stringify({
    unix_socket: unixSocket ?? "\0/nowhere",
    features,
    max_readers: maxReaders,
    max_writers: maxReaders,
  });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  if (cutAfter === undefined) response.end(text);
  else response.write(text.slice(0, cutAfter), () => response.socket?.end());
};

const answerExtents = ({ disk, extents = {} }: ImageServerOptions, context: string, response: ServerResponse): void => {
  const listed =
    context === "dirty"
      ? extents.dirty
      : (extents.zero ?? [{ start: 0, length: disk.byteLength, zero: false, dirty: false }]);
  if (listed === undefined) {
    say(response, 404, "Ticket does not support dirty extents");
    return;
  }
  const flags = listed.map(({ start, length, zero, dirty }) =>
    context === "dirty" ? { start, length, dirty, zero } : { start, length, zero, hole: zero },
  );
  const text = JSON.stringify(flags);
  response.writeHead(200, { "content-type": "application/json", "content-length": text.length }).end(text);
};

const answerRange = (disk: Buffer, { request, response, serve }: OneCall, cutAfter: number | undefined): void => {
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const [start, end] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? disk.byteLength - 1) + 1];
  if (start >= end || end > disk.byteLength) {
    response.setHeader("content-range", `bytes */${disk.byteLength}`);
    say(response, 416, "Requested Range Not Satisfiable");
    return;
  }
  response.writeHead(206, {
    "content-length": end - start,
    "content-range": `bytes ${start}-${end - 1}/${disk.byteLength}`,
  });
  const bytes = disk.subarray(start, cutAfter === undefined ? end : start + cutAfter);
  serve(bytes.byteLength);
  if (cutAfter === undefined) response.end(bytes);
  else response.write(bytes, () => request.socket.end());
};

const takeBytes = async (disk: Buffer, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  let offset = Number(/^bytes (\d+)-/.exec(request.headers["content-range"] ?? "")?.[1] ?? 0);
  for await (const piece of request as AsyncIterable<Buffer>) {
    piece.copy(disk, offset);
    offset += piece.byteLength;
  }
  say(response, 200, "");
};

const takePatch = async (disk: Buffer, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  const {
    op,
    offset = 0,
    size,
  } = JSON.parse(Buffer.concat(pieces).toString("utf8")) as { op: string; offset?: number; size?: number };
  if (op === "zero") disk.fill(0, offset, offset + (size ?? 0));
  say(response, 200, "");
};
