import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { redactText } from "@holdfast/shared/logging/redaction";
import * as z from "zod";

import type { Credentials, LoginState } from "../hypervisor/hypervisor.ts";
import { type Answer, isGood, jsonOf } from "./answer.ts";
import { enginePath } from "./engine-address.ts";
import { errorOfAnswer } from "./faults.ts";
import type { Transport } from "./transport.ts";

const grantedSchema = z.object({ access_token: z.string().min(1) });
/** The two shapes of a refusal: of the API's scope, and of the others. */
const refusedSchema = z.object({
  error_code: z.string().optional(),
  error: z.string().default(""),
  error_description: z.string().optional(),
});

/** Refusals that are about the engine's health, not about who asks. */
const notAboutCredentials: readonly string[] = ["server_error", "temporarily_unavailable"];

/**
 * The one token of a connection. A wrong password is sent once: after the refusal every call fails with
 * ENGINE_CREDENTIALS_REFUSED without asking the engine, until `useCredentials` (R14).
 */
export class Login {
  readonly #transport: Transport;
  #credentials: Credentials;
  #state: LoginState;
  #token: string | undefined;
  #underWay: Promise<string> | undefined;
  #logins = 0;

  constructor(transport: Transport, credentials: Credentials, state: LoginState = { state: "not-logged-in" }) {
    this.#transport = transport;
    this.#credentials = credentials;
    this.#state = state.state === "credentials-refused" ? state : { state: "not-logged-in" };
  }

  get state(): LoginState {
    return this.#state;
  }

  get logins(): number {
    return this.#logins;
  }

  useCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
    this.#token = undefined;
    this.#underWay = undefined;
    this.#state = { state: "not-logged-in" };
  }

  /** The token, logging in when there is none; callers at the same time share one login. */
  async token(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    if (this.#token !== undefined) return this.#token;
    if (this.#state.state === "credentials-refused") throw refusedError(this.#credentials, this.#state.reason);
    // The shared login is not bound to one caller's signal: whoever gives up leaves it to the others.
    this.#underWay ??= this.#logIn();
    return abortable(this.#underWay, signal);
  }

  /** Says that the engine no longer takes this token; a newer one stays. */
  drop(token: string): void {
    if (this.#token === token) this.#token = undefined;
  }

  /** Ends the engine's session; what goes wrong does not matter, tokens idle out. */
  async logOut(signal: AbortSignal): Promise<void> {
    const token = this.#token;
    if (token === undefined) return;
    this.#token = undefined;
    const body = new URLSearchParams({ scope: "ovirt-app-api", token }).toString();
    await this.#transport.send(
      { method: "POST", path: `${enginePath}/services/sso-logout`, headers: formHeaders, body },
      signal,
    );
  }

  async #logIn(): Promise<string> {
    const credentials = this.#credentials;
    try {
      this.#logins += 1;
      const token = await this.#askForToken(credentials);
      if (credentials === this.#credentials) {
        this.#token = token;
        this.#state = { state: "logged-in" };
      }
      return token;
    } finally {
      if (credentials === this.#credentials) this.#underWay = undefined;
    }
  }

  async #askForToken(credentials: Credentials): Promise<string> {
    const { username, password } = credentials;
    const body = new URLSearchParams({ grant_type: "password", scope: "ovirt-app-api", username, password }).toString();
    const path = `${enginePath}/sso/oauth/token`;
    const answer = await this.#transport.send({ method: "POST", path, headers: formHeaders, body }, neverAborted);
    if (isGood(answer)) return tokenOf(answer);
    const reason = refusalOf(answer);
    if (reason === undefined) throw errorOfAnswer(answer, "POST /sso/oauth/token");
    if (credentials === this.#credentials) this.#state = { state: "credentials-refused", reason };
    throw refusedError(credentials, reason);
  }
}

/** `Accept` must be exactly this: engines refuse the request otherwise. */
const formHeaders = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };

const neverAborted = new AbortController().signal;

const tokenOf = (answer: Answer): string => {
  const parsed = grantedSchema.safeParse(jsonOf(answer));
  if (!parsed.success) throw new HoldfastError("ENGINE_PROTOCOL", "the engine granted a login without a token");
  return parsed.data.access_token;
};

/** The engine's words when an answer refuses who asks; undefined when it is about something else. */
const refusalOf = (answer: Answer): string | undefined => {
  if (answer.status !== 400 && answer.status !== 401) return undefined;
  if (answer.status === 401) return "the engine answered 401 to the login";
  const parsed = refusedSchema.safeParse(jsonOf(answer));
  if (!parsed.success) return undefined;
  const { error_code: code, error, error_description: description } = parsed.data;
  if (notAboutCredentials.includes(code ?? error)) return undefined;
  return redactText(description ?? error).slice(0, 500) || (code ?? "no reason given");
};

const refusedError = ({ username }: Credentials, reason: string): HoldfastError =>
  new HoldfastError("ENGINE_CREDENTIALS_REFUSED", `the engine refuses the login of ${username}: ${reason}`, {
    details: { username },
  });

const abortable = async <Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> => {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};
