import { type XmlElement, parseXml } from "../../xml/read-xml.ts";
import { ApiClient, type Reply } from "../api-client.ts";
import type { Lab } from "../lab.ts";
import { indented, toElement } from "./element-text.ts";
import type { Exchange, FlowClient, Seen } from "./exchange.ts";
import { misfits } from "./sdk-types.ts";

const xmlType = /^\s*(application|text)\/xml\s*(;.*)?$/;
const jsonType = /^\s*(application|text)\/json\s*(;.*)?$/;

/** An answer that such a client cannot take: it breaks instead of going on. */
class SdkError extends Error {
  override readonly name = "SdkError";
}

const contentTypeOf = (reply: Reply): string => String(reply.headers["content-type"] ?? "");

const child = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((one) => one.name === name);

const toSeen = (element: XmlElement): Seen => ({
  id: element.attributes["id"] ?? "",
  text: (path) => {
    const names = path.split(".");
    const last = names.pop() ?? "";
    const inside = names.reduce<XmlElement | undefined>(child, element);
    return inside?.attributes[last] ?? child(inside, last)?.text;
  },
  items: () => element.children.map(toSeen),
});

/**
 * A client that is as strict as the SDKs, which speak XML only: an answer needs a body and its content type, a root that
 * is expected, ids beside addresses, and values of its types; a deletion succeeds by 200 alone.
 */
export class StrictXmlClient implements FlowClient, AsyncDisposable {
  readonly #api: ApiClient;
  readonly #exchanges: Exchange[] = [];

  constructor(lab: Lab) {
    this.#api = new ApiClient(lab);
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  async login(): Promise<string> {
    const reply = await this.#api.login();
    if (!jsonType.test(contentTypeOf(reply))) throw new SdkError("single sign-on answers JSON");
    if (reply.status !== 200 || typeof reply.json.access_token !== "string") throw new SdkError(reply.text);
    return reply.text;
  }

  async logout(): Promise<string> {
    const reply = await this.#api.logout();
    if (!jsonType.test(contentTypeOf(reply)) || reply.text !== "{}") throw new SdkError(reply.text);
    return reply.text;
  }

  async #send(method: string, path: string, body?: XmlElement): Promise<Reply> {
    const text = body === undefined ? undefined : indented(body);
    const reply = await this.#api.call(method, path, {
      ...(text === undefined ? {} : { body: text }),
      headers: { version: "4", "content-type": "application/xml", accept: "application/xml" },
    });
    this.#exchanges.push({
      request: { method, path, ...(text === undefined ? {} : { body: text }) },
      response: { status: reply.status, contentType: contentTypeOf(reply), body: reply.text },
    });
    return reply;
  }

  #read(reply: Reply): XmlElement {
    if (reply.text === "") throw new SdkError(`${reply.status} without a body`);
    if (!xmlType.test(contentTypeOf(reply))) throw new SdkError(`not XML: ${contentTypeOf(reply)}`);
    const root = parseXml(reply.text);
    const faults = misfits(root);
    if (faults.length > 0) throw new SdkError(faults.join("; "));
    return root;
  }

  #expect(reply: Reply, root: string, statuses: readonly number[]): XmlElement {
    const element = this.#read(reply);
    if (!statuses.includes(reply.status) || element.name !== root) throw new SdkError(`${reply.status} ${reply.text}`);
    return element;
  }

  async get(path: string, root: string): Promise<Seen | undefined> {
    const reply = await this.#send("GET", path);
    return reply.status === 404 ? undefined : toSeen(this.#expect(reply, root, [200]));
  }

  async add(path: string, root: string, tree: unknown): Promise<Seen> {
    const reply = await this.#send("POST", path, toElement(root, tree));
    return toSeen(this.#expect(reply, root, [200, 201, 202]));
  }

  async refused(path: string, root: string, tree: unknown): Promise<string> {
    const reply = await this.#send("POST", path, toElement(root, tree));
    return toSeen(this.#expect(reply, "fault", [400, 403, 409, 500])).text("detail") ?? "";
  }

  async act(path: string): Promise<void> {
    const answer = this.#expect(await this.#send("POST", path, toElement("action", {})), "action", [200, 201, 202]);
    if (child(answer, "fault") !== undefined) throw new SdkError("the action has a fault");
  }

  async remove(path: string): Promise<void> {
    this.#expect(await this.#send("DELETE", path), "action", [200]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
  }
}
