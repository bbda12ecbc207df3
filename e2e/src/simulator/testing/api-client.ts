import { Agent, request } from "undici";

import type { Lab } from "./lab.ts";

/** A tree of JSON that a test looks into. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers whose shape they are about
export type Tree = any;

/** An answer of the engine. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed body; undefined when it is not JSON. */
  readonly json: Tree;
}

interface Call {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const parse = (text: string): Tree => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A plain client of the API for the simulator's own tests: one token, no cleverness. */
export class ApiClient implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #lab: Pick<Lab, "addresses" | "apiCa">;
  token = "";

  constructor(lab: Pick<Lab, "addresses" | "apiCa">) {
    this.#lab = lab;
    this.#agent = new Agent({ connect: { ca: lab.apiCa }, headersTimeout: 30_000, bodyTimeout: 30_000 });
  }

  async raw(
    method: string,
    url: string,
    options: { body?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Reply> {
    const response = await request(url, {
      dispatcher: this.#agent,
      method: method as "GET",
      headers: options.headers ?? {},
      ...(options.body === undefined ? {} : { body: options.body }),
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text, json: parse(text) };
  }

  async login(
    username = "admin@internal",
    password = "secret",
    changes: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const form = new URLSearchParams({
      grant_type: "password",
      scope: "ovirt-app-api",
      username,
      password,
      ...changes,
    });
    const reply = await this.raw("POST", `${this.#lab.addresses.engine}/ovirt-engine/sso/oauth/token`, {
      body: form.toString(),
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    });
    if (reply.status === 200) this.token = reply.json.access_token;
    return reply;
  }

  logout(): Promise<Reply> {
    return this.raw("POST", `${this.#lab.addresses.engine}/ovirt-engine/services/sso-logout`, {
      body: new URLSearchParams({ scope: "ovirt-app-api", token: this.token }).toString(),
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    });
  }

  call(method: string, path: string, { body, headers = {} }: Call = {}): Promise<Reply> {
    return this.raw(method, `${this.#lab.addresses.api}${path}`, {
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      headers: {
        accept: "application/json",
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.call("GET", path, { headers });
  }

  post(path: string, body: unknown = {}, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.call("POST", path, { body, headers });
  }

  delete(path: string): Promise<Reply> {
    return this.call("DELETE", path);
  }

  /** Polls an entity until it is as wanted; fails after 20 s with what it was last. */
  async until(path: string, isThere: (reply: Reply) => boolean): Promise<Reply> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const reply = await this.get(path);
      if (isThere(reply)) return reply;
      if (Date.now() > deadline) throw new Error(`${path} stayed ${reply.status} ${reply.text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async untilPhase(path: string, phase: string): Promise<Tree> {
    return (await this.until(path, ({ json }) => json?.phase === phase)).json;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.close();
  }
}

/** A client that is logged in. */
export const loggedIn = async (lab: Lab): Promise<ApiClient> => {
  const client = new ApiClient(lab);
  await client.login();
  return client;
};
