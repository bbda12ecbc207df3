import type { Engine } from "../engine/engine.ts";
import { EngineFault, MissingEntity } from "../engine/engine-fault.ts";
import type { Answer, Call, Handle } from "../http/call.ts";
import { type Route, routeName } from "../http/router.ts";
import { Collection } from "../rendering/resource.ts";
import { Rights } from "./rights.ts";
import { type Viewer, filteredRow, filteredRows, isPathVisible, isVisible } from "./visible-rows.ts";
import { wantedPermits } from "./wanted-permits.ts";

const forbidden = (): EngineFault =>
  new EngineFault(403, "Operation Failed", "[User is not authorized to perform this action.]");

const checkPermits = (engine: Engine, name: string, call: Call, rights: Rights): void => {
  const wants = wantedPermits[name];
  // A changing call of which nothing is known is an administrator's.
  const isAllowed =
    wants === undefined
      ? rights.isAdministrator()
      : wants(engine.world, call).every(({ permit, on }) => on === undefined || rights.mayDo(permit, on));
  if (!isAllowed) throw forbidden();
};

const withoutPaging = (query: URLSearchParams): URLSearchParams => {
  const all = new URLSearchParams(query);
  all.delete("max");
  const search = all.get("search");
  if (search !== null) all.set("search", search.replace(/\s*\bpage\s+\d+\s*$/i, ""));
  return all;
};

/** Cuts a filtered list: `max`, and the page that the search names, count what may be seen. */
const paged = (query: URLSearchParams, list: Collection): Collection => {
  const max = Number(query.get("max") ?? -1);
  const page = Number(/\bpage\s+(\d+)\s*$/i.exec(query.get("search") ?? "")?.[1] ?? 1);
  if (max < 0) return page > 1 ? new Collection(list.element, []) : list;
  return new Collection(list.element, list.items.slice((page - 1) * max, page * max));
};

const filtered = async (engine: Engine, route: Route<Handle>, call: Call, viewer: Viewer): Promise<Answer> => {
  if (!isPathVisible(viewer, route.pattern, Object.values(call.params)[0])) throw new MissingEntity("not visible");
  const answer = await route.handle({ ...call, query: withoutPaging(call.query) });
  const { content } = answer;
  if (content instanceof Collection) {
    return { ...answer, content: paged(call.query, filteredRows(engine.world, viewer, content)) };
  }
  if (!isVisible(engine.world, viewer, content)) throw new MissingEntity("not visible");
  return { ...answer, content: filteredRow(content) };
};

const guarded = async (engine: Engine, route: Route<Handle>, call: Call): Promise<Answer> => {
  const rights = new Rights(engine.world, call.actor.login);
  const isAdministrator = rights.isAdministrator();
  if (route.method !== "GET") {
    checkPermits(engine, routeName(route), call, rights);
    return route.handle(call);
  }
  if (call.filter ?? !isAdministrator) return filtered(engine, route, call, { login: call.actor.login, rights });
  if (!isAdministrator) throw forbidden();
  return route.handle(call);
};

/**
 * Puts the engine's permits before every route: a changing call without its permits is 403, and what a plain user reads is
 * filtered, as it is for an administrator who asks for it.
 */
export const guardRoutes = (engine: Engine, routes: readonly Route<Handle>[]): readonly Route<Handle>[] =>
  routes.map((route) => ({ ...route, handle: (call: Call) => guarded(engine, route, call) }));
