import { type ZodError, type ZodSafeParseResult, z } from "zod";

import { EngineFault, incomplete, invalid } from "../engine/engine-fault.ts";
import { XmlBody, emptyElement, treeOf } from "../rendering/xml/xml-body.ts";

/** Text; numbers and booleans are taken as text too, as the engine does. */
export const text = z.preprocess(
  (value) => (value === emptyElement ? "" : value),
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
);

/** A whole number, written as text or bare. */
export const integer = z.union([z.string().regex(/^-?\d+$/, "not a number"), z.number().int()]).transform(Number);

/** A boolean, written as text or bare; only `true` and `false`. */
export const bool = z
  .union([z.boolean(), z.enum(["true", "false"])])
  .transform((value) => value === true || value === "true");

/** An id of any kind. */
export const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "not a UUID")
  .transform((id) => id.toLowerCase());

type Shape = Readonly<Record<string, z.ZodType>>;

/**
 * An object of the API: the fields that the simulator obeys, and others that the type has but that mean nothing here. Any
 * further field is refused, as the engine does.
 */
export const entity = <Fields extends Shape>(fields: Fields, accepted: readonly string[] = []) => {
  const ignored = new Set(["href", "link", "actions", ...accepted].filter((name) => !Object.hasOwn(fields, name)));
  return z.preprocess((tree) => without(tree, ignored), z.strictObject(fields));
};

const without = (tree: unknown, ignored: ReadonlySet<string>): unknown =>
  typeof tree === "object" && tree !== null && !Array.isArray(tree)
    ? Object.fromEntries(Object.entries(tree).filter(([name]) => !ignored.has(name)))
    : tree;

/** A collection inside an entity: `{"disk":[…]}`, or `{}` when empty. */
export const collection = <Name extends string, Item extends z.ZodType>(name: Name, item: Item) =>
  z
    .strictObject({ [name]: z.array(item).optional() })
    .transform((wrapped) => ((wrapped as Readonly<Record<string, unknown>>)[name] ?? []) as z.output<Item>[]);

/** A reference to another entity by id; its other fields are ignored. */
export const reference = z.looseObject({ id: uuid });

/** A reference by id or by name. */
export const namedReference = z.looseObject({ id: uuid.optional(), name: text.optional() });

const valueAt = (tree: unknown, path: readonly PropertyKey[]): unknown => {
  let value = tree;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
};

const faultOf = (error: ZodError, tree: unknown): EngineFault => {
  const [issue] = error.issues;
  if (issue === undefined) return invalid("the body is invalid");
  const place = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return new EngineFault(400, "Request syntactically incorrect.", `Unrecognized field "${issue.keys.join('", "')}"`);
  }
  return valueAt(tree, issue.path) === undefined
    ? incomplete(`[${place}] required`)
    : invalid(`${place}: ${issue.message}`);
};

/** The same tree without some keys of the object at a path. */
const withoutKeys = (tree: unknown, path: readonly PropertyKey[], keys: readonly string[]): unknown => {
  const [next, ...rest] = path;
  if (next === undefined) return without(tree, new Set(keys));
  if (Array.isArray(tree))
    return tree.map((item, at) => (at === next ? withoutKeys(item, rest, keys) : (item as unknown)));
  if (typeof tree !== "object" || tree === null) return tree;
  return { ...tree, [next]: withoutKeys(Reflect.get(tree, next), rest, keys) };
};

/** As XML is read: fields that a type does not have are passed over. */
const parseLeniently = <Schema extends z.ZodType>(
  schema: Schema,
  tree: unknown,
): ZodSafeParseResult<z.output<Schema>> => {
  const parsed = schema.safeParse(tree);
  const unknown = parsed.error?.issues.find((issue) => issue.code === "unrecognized_keys");
  return unknown === undefined ? parsed : parseLeniently(schema, withoutKeys(tree, unknown.path, unknown.keys));
};

/**
 * The body of a call as its type; throws the engine's fault for a missing field or an impossible value, and in JSON for
 * a field that the type does not have.
 */
export const parseBody = <Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> => {
  const isXml = body instanceof XmlBody;
  const tree = treeOf(body);
  const parsed = isXml ? parseLeniently(schema, tree) : schema.safeParse(tree);
  if (!parsed.success) throw faultOf(parsed.error, tree);
  return parsed.data;
};
