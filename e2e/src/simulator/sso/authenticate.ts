import type { Engine } from "../engine/engine.ts";
import type { Request } from "../http/message.ts";
import { tryLogin } from "./accounts.ts";
import type { Tokens } from "./tokens.ts";

/** Whose call a request is, and what its answer tells of that. */
export interface Session {
  readonly login: string;
  readonly headers: Readonly<Record<string, string>>;
}

const sessionIdOf = (request: Request): string | undefined =>
  /(?:^|;\s*)JSESSIONID=([^;]+)/.exec(request.headers["cookie"] ?? "")?.[1];

const wantsSession = (request: Request): boolean =>
  (request.headers["prefer"] ?? "").split(",").some((wish) => wish.trim() === "persistent-auth");

const ofToken = (tokens: Tokens, token: string | undefined): Session | undefined => {
  const login = token === undefined ? undefined : tokens.use(token);
  return login === undefined ? undefined : { login, headers: {} };
};

/** Basic logs in for this one request, or with `Prefer: persistent-auth` for those that bring the cookie back. */
const ofPassword = (engine: Engine, tokens: Tokens, request: Request, credentials: string): Session | undefined => {
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  const login = text.slice(0, Math.max(0, colon));
  if (tryLogin(engine, login, text.slice(colon + 1)) !== "granted") return undefined;
  if (!wantsSession(request)) return { login, headers: {} };
  const cookie = `JSESSIONID=${tokens.issue(login)}; Path=/ovirt-engine/api; Secure; HttpOnly`;
  return { login, headers: { "set-cookie": cookie } };
};

/**
 * Who a request is of: by a bearer token, by a session's cookie, or by user and password. Undefined when its credentials
 * are missing or no longer good.
 */
export const authenticate = (
  { engine, tokens }: { readonly engine: Engine; readonly tokens: Tokens },
  request: Request,
): Session | undefined => {
  const [scheme = "", credentials = ""] = (request.headers["authorization"] ?? "").split(" ", 2);
  if (scheme.toLowerCase() === "bearer") return ofToken(tokens, credentials);
  const ofSession = ofToken(tokens, sessionIdOf(request));
  if (scheme.toLowerCase() !== "basic") return ofSession;
  return (wantsSession(request) ? ofSession : undefined) ?? ofPassword(engine, tokens, request, credentials);
};
