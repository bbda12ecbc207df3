import type { Actor } from "../engine/engine.ts";
import { MissingEntity } from "../engine/engine-fault.ts";
import type { Follow } from "../rendering/follow.ts";
import { Collection, type Resource, struct } from "../rendering/resource.ts";

/** A request of the API after its representation was taken off: what routes work with. */
export interface Call {
  readonly actor: Actor;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The tree of the body in the API's names; an empty object when there was none. */
  readonly body: unknown;
  readonly follow: Follow;
  readonly allContent: boolean;
  /** True when the answer is read along a link of another one: nothing that takes time is looked up for it. */
  readonly isFollowed?: boolean;
  /** What the `Filter` header says; the user's own default without it. */
  readonly filter?: boolean;
}

/** What a route answers, still without a representation. */
export interface Answer {
  readonly status: 200 | 201 | 202;
  readonly content: Resource | Collection;
}

/** A route's code. */
export type Handle = (call: Call) => Answer | Promise<Answer>;

/** The named part of the path. */
export const param = (call: Call, name: string): string => {
  const value = call.params[name];
  if (value === undefined) throw new MissingEntity(`the path has no ${name}`);
  return value;
};

/** A query parameter as the engine reads booleans: only `true` is true. */
export const flag = (call: Call, name: string): boolean => call.query.get(name) === "true";

/** 200 with an entity or structure. */
export const ok = (content: Resource): Answer => ({ status: 200, content });

/** 201 with the entity that was made, or 202 while it is still being made. */
export const created = (content: Resource, status: 201 | 202 = 201): Answer => ({ status, content });

/** What actions and deletions answer: the request was accepted. */
export const accepted = (): Answer => ({ status: 200, content: struct("action", { status: "complete" }) });

/** Rows of a sub-collection: only `max` applies. */
export const rows = (call: Call, element: string, items: readonly Resource[]): Answer => {
  const max = Number(call.query.get("max") ?? Number.NaN);
  return { status: 200, content: new Collection(element, max >= 0 ? items.slice(0, max) : items) };
};
