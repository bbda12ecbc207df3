import { toIso } from "@holdfast/shared/clock/clock";

import { escapeXml } from "../../xml/escape-xml.ts";
import { Collection, Decimal, Instant, type Link, type Resource, Texts, type Value } from "../resource.ts";
import { pluralOf } from "../plural.ts";

type Attributes = Readonly<Record<string, string | undefined>>;
type Field = readonly [name: string, value: Exclude<Value, undefined>];

/** What every type of the API begins with; further fields follow the links, by name. */
const firstFields = ["name", "description", "comment", "creation_status"];

const open = (name: string, attributes: Attributes): string =>
  Object.entries(attributes)
    .filter((attribute) => attribute[1] !== undefined)
    .reduce((tag, [key, value]) => `${tag} ${key}="${escapeXml(value ?? "")}"`, `<${name}`);

const element = (name: string, attributes: Attributes, inside: string): string =>
  inside === "" ? `${open(name, attributes)}/>` : `${open(name, attributes)}>${inside}</${name}>`;

/** ISO 8601 with milliseconds and the offset of the engine's zone, which is UTC here. */
const isoDate = ({ epochMs }: Instant): string => toIso(epochMs).replace("Z", "+00:00");

const renderLinks = (links: readonly Link[] = []): string =>
  links.map(({ href, rel }) => element("link", { href, rel }, "")).join("");

const renderItems = (collection: Collection | Texts): string =>
  collection.items
    .map((item) =>
      typeof item === "string"
        ? element(collection.element, {}, escapeXml(item))
        : renderResource(collection.element, item),
    )
    .join("");

const renderField = ([name, value]: Field): string => {
  if (value instanceof Instant) return element(name, {}, isoDate(value));
  if (value instanceof Decimal) return element(name, {}, String(value.value));
  if (value instanceof Collection || value instanceof Texts) return element(name, {}, renderItems(value));
  return typeof value === "object" ? renderResource(name, value) : element(name, {}, escapeXml(String(value)));
};

const placeOf = ([name]: Field): number => {
  const place = firstFields.indexOf(name);
  return place === -1 ? firstFields.length : place;
};

const fieldsOf = ({ fields }: Resource): readonly Field[] =>
  Object.entries(fields)
    .flatMap(([name, value]): readonly Field[] => (value === undefined ? [] : [[name, value]]))
    .toSorted((a, b) => placeOf(a) - placeOf(b) || (a[0] < b[0] ? -1 : 1));

const renderResource = (name: string, resource: Resource): string => {
  const { href, id, actions, links } = resource;
  const fields = fieldsOf(resource);
  const isFirst = (field: Field): boolean => placeOf(field) < firstFields.length;
  const inside = [
    actions === undefined ? "" : element("actions", {}, renderLinks(actions)),
    ...fields.filter(isFirst).map(renderField),
    renderLinks(links),
    ...fields.filter((field) => !isFirst(field)).map(renderField),
  ];
  return element(name, { href, id }, inside.join(""));
};

/**
 * The engine's XML: `id` and `href` are attributes of an entity, `href` and `rel` of a link, everything else is an
 * element; an entity's root is singular, a collection's plural; dates are ISO with their offset.
 */
export const renderXml = (content: Resource | Collection): string => {
  const root =
    content instanceof Collection
      ? element(pluralOf(content.element), {}, renderItems(content))
      : renderResource(content.element, content);
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${root}\n`;
};
