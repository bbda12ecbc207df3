import type { IncomingMessage, ServerResponse } from "node:http";
import { type Server, createServer } from "node:https";
import type { AddressInfo } from "node:net";

import type { ServerCertificate } from "./certificates.ts";

/** A request as a test looks at it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What a test lets the server say; `cut` closes the connection instead. */
export type Said =
  | { readonly status: number; readonly json?: unknown; readonly text?: string; readonly type?: string }
  | "cut"
  | "hang";

/** A real HTTPS server on loopback that a test scripts, with every request that it got. */
export interface LocalEngine extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly seen: readonly SeenRequest[];
  /** Requests to the token endpoint. */
  logins(): number;
}

/** Starts it. `answer` is asked for each request but logins, which `login` answers (default: a new token each time). */
export const startLocalEngine = async (
  certificate: ServerCertificate,
  answer: (request: SeenRequest, count: number) => Said,
  login: (count: number) => Said = (count) => ({ status: 200, json: { access_token: `token-${count}` } }),
): Promise<LocalEngine> => {
  const seen: SeenRequest[] = [];
  let logins = 0;
  let calls = 0;
  const hear = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(message);
    const request = { method: message.method ?? "", path: message.url ?? "", headers: message.headers, body };
    seen.push(request);
    if (request.path.includes("/sso/")) say(response, login((logins += 1)));
    else say(response, answer(request, (calls += 1)));
  };
  const server: Server = createServer({ cert: certificate.cert, key: certificate.key }, (message, response) => {
    void hear(message, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    seen,
    logins: () => logins,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const readAll = async (message: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
};

const say = (response: ServerResponse, said: Said): void => {
  if (said === "hang") return;
  if (said === "cut") {
    response.destroy();
    return;
  }
  const text = said.json === undefined ? (said.text ?? "") : JSON.stringify(said.json);
  const type = said.type ?? (said.json === undefined ? "text/html" : "application/json;charset=UTF-8");
  response.writeHead(said.status, { "content-type": type });
  response.end(text);
};
