import type { IncomingMessage, ServerResponse } from "node:http";

/** A request as the parts of the simulator see it: read whole, path and query taken apart. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** An answer; `drop` closes the connection without one. */
export type Response =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** The connection is cut after so many bytes of the body, whose whole length the head has promised. */
      readonly sentBytes?: number;
    }
  | { readonly kind: "drop" };

/** Largest request body that is read: an OVF with many disks is far smaller. */
const maxBodyBytes = 8 * 2 ** 20;

const readBody = async (message: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBodyBytes) throw new RangeError("the request body is too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
};

/** Reads a request to its end. Throws when the body is larger than 8 MiB or the client goes away. */
export const readRequest = async (message: IncomingMessage): Promise<Request> => {
  const url = new URL(message.url ?? "/", "http://simulator");
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return {
    method: message.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    headers,
    body: await readBody(message),
  };
};

/** Writes an answer, or cuts the connection. */
export const writeResponse = (target: ServerResponse, response: Response): void => {
  if (response.kind === "drop") {
    target.destroy();
    return;
  }
  const body = Buffer.from(response.body ?? "");
  target.writeHead(response.status, { ...response.headers, "content-length": body.length });
  if (response.sentBytes === undefined || response.sentBytes >= body.length) target.end(body);
  else target.write(body.subarray(0, response.sentBytes), () => target.destroy());
};

/** The same answer with further headers. */
export const withHeaders = (response: Response, headers: Readonly<Record<string, string>>): Response =>
  response.kind === "drop" ? response : { ...response, headers: { ...response.headers, ...headers } };

/** A page of HTML, as the servlet container and the web server in front of it send. */
export const htmlPage = (status: number, title: string, headers: Readonly<Record<string, string>> = {}): Response => ({
  kind: "answer",
  status,
  headers: { "content-type": "text/html;charset=UTF-8", ...headers },
  body: `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
});

/** JSON in its plain form, for single sign-on and the control endpoint. */
export const jsonAnswer = (status: number, content: unknown): Response => ({
  kind: "answer",
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(content),
});
