import { Collection, Decimal, Instant, type Resource, Texts, type Value } from "../resource.ts";

type Json = string | number | Json[] | { [key: string]: Json };

const renderValue = (value: Exclude<Value, undefined>): Json => {
  if (value instanceof Instant) return value.epochMs;
  if (value instanceof Decimal) return value.value;
  if (value instanceof Collection) return renderCollection(value);
  if (value instanceof Texts) return value.items.length === 0 ? {} : { [value.element]: [...value.items] };
  return typeof value === "object" ? renderResource(value) : String(value);
};

const renderCollection = (collection: Collection): Json =>
  collection.items.length === 0 ? {} : { [collection.element]: collection.items.map(renderResource) };

const renderResource = (resource: Resource): Json => {
  const json: { [key: string]: Json } = {};
  if (resource.actions !== undefined && resource.actions.length > 0) {
    json["actions"] = { link: resource.actions.map((link) => ({ ...link })) };
  }
  for (const [name, value] of Object.entries(resource.fields)) {
    if (value !== undefined) json[name] = renderValue(value);
  }
  if (resource.links !== undefined && resource.links.length > 0) {
    json["link"] = resource.links.map((link) => ({ ...link }));
  }
  if (resource.href !== undefined) json["href"] = resource.href;
  if (resource.id !== undefined) json["id"] = resource.id;
  return json;
};

/**
 * The engine's JSON: integers and booleans are strings, dates and decimals numbers, an empty collection is `{}`, and a
 * collection is an object with the singular name.
 */
export const renderJson = (content: Resource | Collection): string =>
  JSON.stringify(content instanceof Collection ? renderCollection(content) : renderResource(content));
