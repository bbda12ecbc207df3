import { createServer } from "node:https";

import { dropOldRows } from "../engine/drop-old-rows.ts";
import type { Engine } from "../engine/engine.ts";
import type { CallEffect, CallFaults } from "../faults/call-faults.ts";
import { interfere } from "../faults/interfere.ts";
import type { RuleTable } from "../faults/rule-table.ts";
import { answerPkiResource } from "../pki/pki-resource.ts";
import type { Pki } from "../pki/pki.ts";
import { apiPath } from "../rendering/resource.ts";
import { authenticate } from "../sso/authenticate.ts";
import { answerLogout, answerToken } from "../sso/sso-routes.ts";
import type { Tokens } from "../sso/tokens.ts";
import { answerApi, faultFor, unauthorized } from "./api.ts";
import type { Handle } from "./call.ts";
import type { CallCounters } from "./counters.ts";
import { type Listening, type Respond, listen, toListener } from "./listen.ts";
import { type Request, type Response, htmlPage, withHeaders } from "./message.ts";
import { type Route, matchRoute, routeName } from "./router.ts";

/** What the engine's HTTPS server is made of. */
export interface EngineServerParts {
  readonly engine: Engine;
  readonly pki: Pki;
  readonly tokens: Tokens;
  readonly counters: CallCounters;
  readonly faults: CallFaults;
  readonly rules: RuleTable;
  readonly routes: readonly Route<Handle>[];
}

interface Resolved {
  readonly name: string;
  readonly run: () => Response | Promise<Response>;
}

const services: readonly Route<(parts: EngineServerParts, request: Request) => Response>[] = [
  {
    method: "POST",
    pattern: "/ovirt-engine/sso/oauth/token",
    handle: ({ engine, tokens }, request) => answerToken(engine, tokens, request),
  },
  {
    method: "POST",
    pattern: "/ovirt-engine/services/sso-logout",
    handle: ({ tokens }, request) => answerLogout(tokens, request),
  },
  {
    method: "GET",
    pattern: "/ovirt-engine/services/pki-resource",
    handle: ({ pki }, request) => answerPkiResource(pki, request),
  },
];

const resolveApi = (parts: EngineServerParts, request: Request): Resolved | Response => {
  const path = request.path.slice(apiPath.length).replace(/^\/v4(?=\/|$)/, "");
  const match = matchRoute(parts.routes, request.method, path);
  if (match === "unknown path") return { kind: "answer", status: 404 };
  if (match === "wrong method") return htmlPage(405, "405 - Method Not Allowed");
  return {
    name: routeName(match.route),
    run: async () => {
      const session = authenticate(parts, request);
      if (session === undefined) return unauthorized();
      return withHeaders(await answerApi(parts, request, match, session.login), session.headers);
    },
  };
};

const resolve = (parts: EngineServerParts, request: Request): Resolved | Response => {
  if (request.path === apiPath || request.path.startsWith(`${apiPath}/`)) return resolveApi(parts, request);
  const match = matchRoute(services, request.method, request.path);
  if (typeof match === "string") return htmlPage(404, "404 - Not Found");
  return { name: routeName(match.route), run: () => match.route.handle(parts, request) };
};

/** The answer that a fault puts in the place of the call's own; undefined lets the call be carried out. */
const replaced = (effect: CallEffect, request: Request): Response | undefined => {
  switch (effect.kind) {
    case "fault":
      return faultFor(request, effect);
    case "html503":
      return htmlPage(503, "503 Service Unavailable");
    case "html401":
      return unauthorized();
    case "drop":
      return effect.when === "before" ? { kind: "drop" } : undefined;
    case "delay":
      return undefined;
  }
};

const delays = async (engine: Engine, effects: readonly CallEffect[], when: "before" | "after"): Promise<void> => {
  for (const effect of effects) {
    if (effect.kind === "delay" && effect.when === when) await engine.clock.sleep(effect.ms, engine.background.signal);
  }
};

const respondTo =
  (parts: EngineServerParts): Respond =>
  async (request) => {
    dropOldRows(parts.engine);
    const resolved = resolve(parts, request);
    if ("kind" in resolved) return resolved;
    parts.counters.count(resolved.name);
    const effects = parts.faults.take(resolved.name);
    await delays(parts.engine, effects, "before");
    for (const effect of effects) {
      const instead = replaced(effect, request);
      if (instead !== undefined) return instead;
    }
    const response = await resolved.run();
    await delays(parts.engine, effects, "after");
    return effects.some((effect) => effect.kind === "drop") ? { kind: "drop" } : response;
  };

/** Starts the engine's web server: API, single sign-on and `pki-resource`, all on one HTTPS port of loopback. */
export const openEngineServer = (parts: EngineServerParts, port: number): Promise<Listening> => {
  const { key, cert } = parts.pki.api;
  const respond = interfere(parts.rules, parts.engine, respondTo(parts));
  return listen(createServer({ key, cert }, toListener(respond, parts.engine.log)), port);
};
