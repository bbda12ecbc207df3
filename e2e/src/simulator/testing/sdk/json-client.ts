import { ApiClient, type Reply, type Tree } from "../api-client.ts";
import type { Lab } from "../lab.ts";
import type { Exchange, FlowClient, Seen } from "./exchange.ts";

const toSeen = (tree: Tree): Seen => ({
  id: tree.id ?? "",
  text: (path) => {
    const value = path.split(".").reduce<Tree>((inside, name) => inside?.[name], tree);
    return value === undefined ? undefined : String(value);
  },
  items: () => Object.values<Tree>(tree).flatMap((rows) => rows.map(toSeen)),
});

/** The same flows as JSON: an entity has no root, a list is wrapped in the singular, and an empty one in nothing. */
export class JsonFlowClient implements FlowClient, AsyncDisposable {
  readonly #api: ApiClient;
  readonly #exchanges: Exchange[] = [];

  constructor(lab: Lab) {
    this.#api = new ApiClient(lab);
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  async login(): Promise<string> {
    return (await this.#api.login()).text;
  }

  async logout(): Promise<string> {
    return (await this.#api.logout()).text;
  }

  async #send(method: string, path: string, tree: unknown, statuses: readonly number[]): Promise<Reply> {
    const body = tree === undefined ? undefined : JSON.stringify(tree);
    const reply = await this.#api.call(method, path, body === undefined ? {} : { body });
    this.#exchanges.push({
      request: { method, path, ...(body === undefined ? {} : { body }) },
      response: { status: reply.status, contentType: String(reply.headers["content-type"] ?? ""), body: reply.text },
    });
    if (!statuses.includes(reply.status)) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply;
  }

  async get(path: string): Promise<Seen | undefined> {
    const reply = await this.#send("GET", path, undefined, [200, 404]);
    return reply.status === 404 ? undefined : toSeen(reply.json);
  }

  async add(path: string, _root: string, tree: unknown): Promise<Seen> {
    return toSeen((await this.#send("POST", path, tree, [200, 201, 202])).json);
  }

  async refused(path: string, _root: string, tree: unknown): Promise<string> {
    return toSeen((await this.#send("POST", path, tree, [400, 403, 409, 500])).json).text("detail") ?? "";
  }

  async act(path: string): Promise<void> {
    await this.#send("POST", path, {}, [200, 201, 202]);
  }

  async remove(path: string): Promise<void> {
    await this.#send("DELETE", path, undefined, [200]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
  }
}
