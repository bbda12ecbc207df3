import type { Engine } from "../engine/engine.ts";
import { type Request, type Response, jsonAnswer } from "../http/message.ts";
import { tryLogin } from "./accounts.ts";
import type { Tokens } from "./tokens.ts";

const apiScope = "ovirt-app-api";
const contact = "Unable to log in. Verify your login information or contact the system administrator.";

/** Errors are always 400; the two keys differ between the API's scope and others. */
const failed = (form: URLSearchParams, code: string, text: string): Response =>
  jsonAnswer(
    400,
    (form.get("scope") ?? "").split(" ").includes(apiScope)
      ? { error_code: code, error: text }
      : { error: code, error_description: text },
  );

const missingField = (form: URLSearchParams, names: readonly string[]): string | undefined =>
  names.find((name) => (form.get(name) ?? "") === "");

const knownScopes = ["ovirt-app-api", "ovirt-app-admin", "ovirt-app-portal", "openid"];

/** Scopes that ask for more than the API are granted, but open nothing here. */
const isKnownScope = (scope: string): boolean => knownScopes.includes(scope) || scope.startsWith("ovirt-ext=");

const refusal = (request: Request, form: URLSearchParams): Response | undefined => {
  if (request.headers["accept"] !== "application/json")
    return failed(form, "invalid_request", "Unsupported Accept header");
  const grant = form.get("grant_type");
  if (grant === null) return failed(form, "invalid_request", "Missing parameter: 'grant_type'");
  if (grant !== "password") return failed(form, "unsupported_grant_type", `The grant type ${grant} is not supported`);
  const missing = missingField(form, ["username", "password", "scope"]);
  if (missing !== undefined) return failed(form, "invalid_request", `Missing parameter: '${missing}'`);
  const unknown = (form.get("scope") ?? "").split(" ").find((scope) => !isKnownScope(scope));
  return unknown === undefined
    ? undefined
    : failed(form, "invalid_scope", `The requested scope ${unknown} is not known`);
};

/** The token endpoint. A token without the API's scope is made, but the API does not take it. */
export const answerToken = (engine: Engine, tokens: Tokens, request: Request): Response => {
  const form = new URLSearchParams(request.body);
  const refused = refusal(request, form);
  if (refused !== undefined) return refused;
  const login = form.get("username") ?? "";
  const scope = form.get("scope") ?? "";
  const result = tryLogin(engine, login, form.get("password") ?? "");
  switch (result) {
    case "granted":
      return jsonAnswer(200, {
        access_token: scope.split(" ").includes(apiScope) ? tokens.issue(login) : `unscoped-${login}`,
        scope,
        exp: "9223372036854775807",
        token_type: "bearer",
      });
    case "no profile":
      return failed(form, "access_denied", "No profile found in credentials.");
    case "not permitted":
      return failed(form, "access_denied", `The user ${login} is not authorized to perform login`);
    case "wrong":
      return failed(form, "access_denied", `Cannot authenticate user '${login}': ${contact}.`);
    case "locked":
      return failed(
        form,
        "access_denied",
        `Cannot authenticate user '${login}': The account is locked. Please contact the system administrator..`,
      );
  }
};

/** Log out: 200 with `{}`, and 200 even with an error in the body. */
export const answerLogout = (tokens: Tokens, request: Request): Response => {
  const token = new URLSearchParams(request.body).get("token");
  if (token === null) return jsonAnswer(200, { error_code: "invalid_request", error: "Missing parameter: 'token'" });
  return tokens.revoke(token)
    ? jsonAnswer(200, {})
    : jsonAnswer(200, { error_code: "invalid_grant", error: "The provided authorization grant is invalid" });
};
