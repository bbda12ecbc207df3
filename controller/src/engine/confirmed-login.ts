import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import * as z from "zod";

import { type Answer, isGood, jsonOf } from "./answer.ts";
import { enginePath } from "./engine-address.ts";
import { errorOfAnswer } from "./faults.ts";
import type { Login } from "./login.ts";
import type { Transport } from "./transport.ts";

/** Where calls get their token, and say that the engine no longer takes it. */
export type TokenSource = Pick<Login, "token" | "drop">;

const whoRow = z.object({ instance_id: z.string() });

/**
 * A login that lets no call pass before the engine has said that it is the expected one. A token is believed by the engine that
 * gave it alone, so asking once for each new token is enough: another engine at the same address gives another token.
 */
export class ConfirmedLogin implements TokenSource {
  readonly #transport: Transport;
  readonly #login: TokenSource;
  #expectedId: string | undefined;
  #confirmed: string | undefined;
  #handedOut: string | undefined;
  #underWay: Promise<string> | undefined;

  /** `expectedId` undefined: nobody is expected until `expect`. */
  constructor(transport: Transport, login: TokenSource, expectedId: string | undefined) {
    this.#transport = transport;
    this.#login = login;
    this.#expectedId = expectedId;
  }

  /** The first engine that was met here is from now on the only one. */
  expect(instanceId: string): void {
    if (this.#expectedId !== undefined) return;
    this.#expectedId = instanceId;
    this.#confirmed = this.#handedOut;
  }

  /** A token of the expected engine; MANAGER_REPLACED when another one gave it. */
  async token(signal: AbortSignal): Promise<string> {
    const token = await this.#login.token(signal);
    this.#handedOut = token;
    if (this.#expectedId === undefined || token === this.#confirmed) return token;
    this.#underWay ??= this.#confirm(this.#expectedId);
    return orAborted(this.#underWay, signal);
  }

  drop(token: string): void {
    this.#login.drop(token);
  }

  async #confirm(expectedId: string): Promise<string> {
    try {
      const { token, answer } = await this.#askWho();
      if (!isGood(answer)) throw errorOfAnswer(answer, "GET /");
      const foundId = instanceIdOf(answer);
      if (foundId !== expectedId) throw replaced(expectedId, foundId);
      this.#confirmed = token;
      return token;
    } finally {
      this.#underWay = undefined;
    }
  }

  /** A token that another engine gave before may be refused now: one new login, as for every call. */
  async #askWho(): Promise<{ readonly token: string; readonly answer: Answer }> {
    const first = await this.#login.token(neverAborted);
    const answer = await this.#sendWho(first);
    if (answer.status !== 401) return { token: first, answer };
    this.#login.drop(first);
    const token = await this.#login.token(neverAborted);
    return { token, answer: await this.#sendWho(token) };
  }

  #sendWho(token: string): Promise<Answer> {
    const headers = { accept: "application/json", authorization: `Bearer ${token}`, version: "4" };
    return this.#transport.send({ method: "GET", path: `${enginePath}/api`, headers }, neverAborted);
  }
}

/** What is asked is shared, so it is not bound to one caller's signal; the transport has limits of its own. */
const neverAborted = new AbortController().signal;

const instanceIdOf = (answer: Answer): string => {
  const parsed = whoRow.safeParse(jsonOf(answer));
  if (parsed.success) return parsed.data.instance_id;
  throw new HoldfastError("ENGINE_PROTOCOL", "the engine does not say its instance id", { cause: parsed.error });
};

const replaced = (expectedId: string, foundId: string): HoldfastError => {
  const message = `another engine answers: its instance id is ${foundId}, the manager's is ${expectedId}`;
  return new HoldfastError("MANAGER_REPLACED", message, { details: { expectedId, foundId } });
};
