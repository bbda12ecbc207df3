import { Collection, type Resource, Texts, type Value, struct } from "../resource.ts";
import { stubOf } from "./links.ts";

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

const lists: Readonly<Record<string, string>> = { custom_properties: "custom_property", devices: "device" };

const renderList = (name: string, items: readonly unknown[]): Value => {
  const element = lists[name] ?? name;
  return items.every((item) => typeof item === "string")
    ? new Texts(element, items)
    : new Collection(
        element,
        items.filter(isTree).map((item) => struct(element, renderSettings(item))),
      );
};

const render = (name: string, value: unknown): Value => {
  if (Array.isArray(value)) return renderList(name, value);
  if (name === "storage_domain" && isTree(value)) return stubOf(name, "storagedomains", String(value["id"]));
  if (isTree(value)) return struct(name, renderSettings(value));
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
};

/** Kept settings as fields of a resource. */
export const renderSettings = (tree: Tree): Record<string, Value> =>
  Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, render(name, value)]));

/** The fields of a structure, to be laid over others. */
export const fieldsOf = (value: Value): Resource["fields"] =>
  typeof value === "object" && "fields" in value ? value.fields : {};
