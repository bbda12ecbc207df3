/** A point in time: JSON shows epoch milliseconds, XML an ISO date. */
export class Instant {
  readonly epochMs: number;
  constructor(epochMs: number) {
    this.epochMs = epochMs;
  }
}

/** A decimal such as a statistic's value: a bare number in JSON, unlike integers. */
export class Decimal {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Rows of one kind; `element` is the singular name that JSON wraps them in. */
export class Collection {
  readonly element: string;
  readonly items: readonly Resource[];
  constructor(element: string, items: readonly Resource[]) {
    this.element = element;
    this.items = items;
  }
}

/** A list of plain texts, such as boot devices, wrapped like a collection. */
export class Texts {
  readonly element: string;
  readonly items: readonly string[];
  constructor(element: string, items: readonly string[]) {
    this.element = element;
    this.items = items;
  }
}

/** What a field may hold; undefined means the field is not set and is left out. */
export type Value = string | number | boolean | Instant | Decimal | Collection | Texts | Resource | undefined;

/** A sub-collection that was not followed. */
export interface Link {
  readonly rel: string;
  readonly href: string;
}

/**
 * An entity or a structure in the words of the API, before it is JSON or XML: what routes answer with and renderers
 * take. An entity has `id` and `href`, a structure neither.
 */
export interface Resource {
  /** Singular element name, such as `disk_attachment`; what XML calls the root. */
  readonly element: string;
  readonly id?: string | undefined;
  readonly href?: string | undefined;
  readonly fields: Readonly<Record<string, Value>>;
  readonly links?: readonly Link[];
  readonly actions?: readonly Link[];
}

/** A structure without identity, such as `version`. */
export const struct = (element: string, fields: Readonly<Record<string, Value>>): Resource => ({ element, fields });

/** A stub: only id and href of another entity. */
export const stub = (element: string, collectionPath: string, id: string): Resource => ({
  element,
  id,
  href: `${collectionPath}/${id}`,
  fields: {},
});

/** Where the API lives on the engine. */
export const apiPath = "/ovirt-engine/api";
