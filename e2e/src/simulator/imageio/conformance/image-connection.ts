import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";

import { Client } from "undici";

/** One answer of a daemon. */
export interface ImageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** What a request carries beside its method. */
export interface ImageRequestParts {
  /** What follows the ticket in the path, such as `/extents`, and a query. */
  readonly rest?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

type Method = "OPTIONS" | "GET" | "PUT" | "PATCH" | "DELETE";

/** Exactly one connection to a daemon, for the requests of one ticket. */
export class ImageConnection implements AsyncDisposable {
  readonly #client: Client;
  readonly #path: string;

  constructor(url: string, ca: string | undefined) {
    const { origin, pathname } = new URL(url);
    this.#client = new Client(origin, { connect: ca === undefined ? {} : { ca }, pipelining: 1 });
    this.#path = pathname;
  }

  async ask(method: Method, { rest = "", headers = {}, body }: ImageRequestParts = {}): Promise<ImageAnswer> {
    const answer = await this.#client.request({
      method,
      path: `${this.#path}${rest}`,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: Buffer.from(await answer.body.arrayBuffer()),
    };
  }

  /** A range, both ends included, as `Range` names it. */
  range(text: string): Promise<ImageAnswer> {
    return this.ask("GET", { headers: { range: `bytes=${text}` } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.destroy();
  }
}

/** Sends the text of a request as it is and reads until the daemon closes, or until what came suffices. */
export const askRaw = async (
  url: string,
  ca: string | undefined,
  request: (path: string) => string,
  suffices: (text: string) => boolean,
): Promise<string> => {
  const { hostname: host, port, pathname, protocol } = new URL(url);
  const place = { host, port: Number(port) };
  const socket =
    protocol === "https:" ? connectTls({ ...place, ...(ca === undefined ? {} : { ca }) }) : connectPlain(place);
  let got = "";
  socket.on("data", (bytes: Buffer) => {
    got += bytes.toString("latin1");
    if (suffices(got)) socket.destroy();
  });
  const closed = once(socket, "close");
  socket.write(request(pathname));
  await closed;
  return got;
};
