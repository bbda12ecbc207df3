import { type Link, type Resource, apiPath, stub } from "../resource.ts";

/** `href` of an entity of a top-level collection. */
export const hrefOf = (collection: string, id: string): string => `${apiPath}/${collection}/${id}`;

/** A stub of an entity of a top-level collection; undefined when there is none. */
export const stubOf = (element: string, collection: string, id: string | undefined): Resource | undefined =>
  id === undefined ? undefined : stub(element, `${apiPath}/${collection}`, id);

/** Links to the sub-collections of an entity. */
export const linksOf = (href: string, names: readonly string[]): readonly Link[] =>
  names.map((rel) => ({ rel, href: `${href}/${rel}` }));
