import { type XmlElement, parseXml } from "../../xml/read-xml.ts";
import { ApiClient, type Reply } from "../api-client.ts";
import type { Lab } from "../lab.ts";
import { indented, toElement } from "./element-text.ts";
import type { Exchange, FlowClient, Seen } from "./exchange.ts";

const xmlType = /^\s*(application|text)\/xml\s*(;.*)?$/;
const jsonType = /^\s*(application|text)\/json\s*(;.*)?$/;
const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?[+-]\d{2}:\d{2}$/;
const dates = new Set(["creation_date", "creation_time", "start_time", "stop_time", "time", "date"]);

/** An answer that such a client cannot take: it breaks instead of going on. */
class SdkError extends Error {
  override readonly name = "SdkError";
}

const contentTypeOf = (reply: Reply): string => String(reply.headers["content-type"] ?? "");

const child = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((one) => one.name === name);

/** Every reference that a client may go on from has both an id and an address, and every date its zone. */
const check = (element: XmlElement): void => {
  if (element.name === "link" && (element.attributes["rel"] === undefined || element.attributes["href"] === undefined))
    throw new SdkError("a link without rel or href");
  if (element.attributes["href"] !== undefined && element.name !== "link" && element.attributes["id"] === undefined)
    throw new SdkError(`<${element.name}> has an address, but no id`);
  if (dates.has(element.name) && !isoDate.test(element.text))
    throw new SdkError(`<${element.name}> is no date: ${element.text}`);
  element.children.forEach(check);
};

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
 * is expected, ids beside addresses, and dates with a zone; a deletion succeeds by 200 alone.
 */
export class StrictXmlClient implements FlowClient, AsyncDisposable {
  readonly #api: ApiClient;
  readonly #lab: Lab;
  readonly #exchanges: Exchange[] = [];

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#api = new ApiClient(lab);
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  async login(): Promise<void> {
    const reply = await this.#api.login();
    if (!jsonType.test(contentTypeOf(reply))) throw new SdkError("single sign-on answers JSON");
    if (reply.status !== 200 || typeof reply.json.access_token !== "string") throw new SdkError(reply.text);
  }

  async logout(): Promise<void> {
    const reply = await this.#api.raw("POST", `${this.#lab.addresses.engine}/ovirt-engine/services/sso-logout`, {
      body: `scope=ovirt-app-api&token=${this.#api.token}`,
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    });
    if (!jsonType.test(contentTypeOf(reply)) || reply.text !== "{}") throw new SdkError(reply.text);
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
    check(root);
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
