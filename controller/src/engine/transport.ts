import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Pool } from "undici";

import type { Answer } from "./answer.ts";
import { errorOfConnection } from "./connection-failures.ts";
import type { EngineAddress } from "./engine-address.ts";
import { readBounded } from "./read-bounded.ts";

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** HTTPS to one engine. */
export interface Transport extends AsyncDisposable {
  /** Sends once and reads the whole answer. ENGINE_UNREACHABLE, ENGINE_UNTRUSTED, ENGINE_PROTOCOL for an endless answer. */
  send(request: WireRequest, signal: AbortSignal): Promise<Answer>;
  /** Requests sent so far. */
  sent(): number;
}

/** Limits of a connection; the defaults suit engines, tests shorten them. */
export interface TransportLimits {
  readonly connectMs: number;
  /** From the request to the answer's first byte: making a VM blocks for long. */
  readonly answerMs: number;
  /** Between two pieces of an answer. */
  readonly pieceMs: number;
  readonly maxAnswerBytes: number;
  readonly connections: number;
}

/** What may be chosen of a transport. */
export interface TransportOptions {
  readonly limits?: TransportLimits | undefined;
  /** Says more about a server that is not trusted. */
  readonly explain?: (error: HoldfastError, signal: AbortSignal) => Promise<HoldfastError>;
}

/** A page of 200 VMs with their disks is about 2 MB. */
export const defaultLimits: TransportLimits = {
  connectMs: 10_000,
  answerMs: 180_000,
  pieceMs: 60_000,
  maxAnswerBytes: 32 * 2 ** 20,
  connections: 8,
};

/**
 * Opens a transport that trusts the pinned anchor and nothing else: the system's roots do not count, chain and name are
 * always checked. The anchor may be any certificate of the chain (servers seldom send their root), therefore the partial
 * chain.
 */
export const openTransport = (
  address: EngineAddress,
  anchorPem: string,
  { limits = defaultLimits, explain }: TransportOptions = {},
): Transport => {
  const pool = new Pool(address.origin, {
    connections: limits.connections,
    pipelining: 1,
    connectTimeout: limits.connectMs,
    headersTimeout: limits.answerMs,
    bodyTimeout: limits.pieceMs,
    keepAliveTimeout: 10_000,
    connect: { ca: anchorPem, allowPartialTrustChain: true, rejectUnauthorized: true, minVersion: "TLSv1.2" },
  });
  let sent = 0;

  const send = async (request: WireRequest, signal: AbortSignal): Promise<Answer> => {
    signal.throwIfAborted();
    sent += 1;
    try {
      const { statusCode, headers, body } = await pool.request({
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body ?? null,
        signal,
      });
      const mediaType =
        String(headers["content-type"] ?? "")
          .split(";")[0]
          ?.trim()
          .toLowerCase() ?? "";
      return { status: statusCode, mediaType, text: await readBounded(body, limits.maxAnswerBytes) };
    } catch (caught) {
      signal.throwIfAborted();
      const error = caught instanceof HoldfastError ? caught : errorOfConnection(caught, address.origin);
      throw error.code === "ENGINE_UNTRUSTED" && explain !== undefined ? await explain(error, signal) : error;
    }
  };

  return { send, sent: () => sent, [Symbol.asyncDispose]: () => pool.destroy() };
};
