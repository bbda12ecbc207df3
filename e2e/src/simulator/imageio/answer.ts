import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RuleAnswer } from "../faults/rule-answer.ts";
import { Dropped, Refusal, serverFailed } from "./refusal.ts";

/** One request with its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What is to become of the answer; as it should when absent. */
  fate?: AnswerFate;
}

/** The connection is cut in place of the answer, or after some bytes of its body, or another answer is given. */
export type AnswerFate =
  | { readonly kind: "lost" }
  | { readonly kind: "short"; readonly bytes: number }
  | { readonly kind: "replaced"; readonly answer: RuleAnswer };

/** Answers 200 with JSON. */
export const answerJson = (
  exchange: Exchange,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void => {
  const body = JSON.stringify(value);
  answer(exchange, { status: 200, headers: { "content-type": "application/json", ...headers } }, body);
};

/** Answers 200 without a body. */
export const answerEmpty = (exchange: Exchange): void => answer(exchange, { status: 200, headers: {} }, "");

/**
 * Answers an error in plain text, or cuts the connection when the answer had begun: its body is short then. A body of the
 * request that was not read ends the connection too.
 */
export const answerError = (exchange: Exchange, caught: unknown): void => {
  const { request, response } = exchange;
  const refusal = caught instanceof Refusal ? caught : serverFailed();
  if (response.headersSent || hasCode(caught, "CANCELLED") || caught instanceof Dropped) {
    request.socket.destroy();
    return;
  }
  const unread = request.readableEnded || !hasBody(request) ? {} : { connection: "close" };
  const headers = { "content-type": "text/plain; charset=UTF-8", ...unread, ...refusal.headers };
  answer(exchange, { status: refusal.status, headers }, refusal.message);
};

/** 405 to HEAD comes with a body, which breaks the framing for whoever expects none. */
export const answerHead = async (exchange: Exchange, signal: AbortSignal): Promise<void> => {
  const { request, response } = exchange;
  const body = "Method HEAD not allowed";
  response.writeHead(405, { "content-type": "text/plain; charset=UTF-8", "content-length": body.length });
  const finished = once(response, "finish", { signal });
  response.end();
  await finished;
  request.socket.write(body);
};

/** True when the request announces a body. */
export const hasBody = (request: IncomingMessage): boolean =>
  request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Gives the answer whose fate it is to be replaced or lost; false when it is to be given as it is. */
export const answerOtherwise = (exchange: Exchange): boolean => {
  const { request, fate } = exchange;
  if (fate === undefined || fate.kind === "short") return false;
  if (fate.kind === "lost") {
    request.socket.destroy();
    return true;
  }
  const { status, contentType, body } = fate.answer;
  write(exchange, { status, headers: { "content-type": contentType } }, body);
  return true;
};

const answer = (exchange: Exchange, head: Head, body: string): void => {
  if (!answerOtherwise(exchange)) write(exchange, head, body);
};

const write = ({ request, response, url, fate }: Exchange, head: Head, text: string): void => {
  const body = Buffer.from(text);
  const close = url.searchParams.get("close") === "y" ? { connection: "close" } : {};
  response.writeHead(head.status, { ...close, ...head.headers, "content-length": body.length });
  if (fate?.kind !== "short" || fate.bytes >= body.length) response.end(body);
  else response.write(body.subarray(0, fate.bytes), () => request.socket.destroy());
};
