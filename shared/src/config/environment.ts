import { z } from "zod";

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says, shaped like the schema, and what in it makes no sense. */
export interface FromEnvironment {
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly string[];
}

/**
 * Reads `PREFIX_SECTION_KEY` for every key of a schema: `natsUrl` in `bus` is `HOLDFAST_BUS_NATS_URL`. A variable of one of
 * the schema's sections that is no key of it is a problem; other variables are for others.
 */
export const readEnvironment = (schema: z.ZodType, env: Environment, prefix: string): FromEnvironment => {
  const known = new Set<string>();
  const problems: string[] = [];
  const values = readObject(schema, prefix, { env, known, problems });

  const sections = Object.entries(shapeOf(schema) ?? {})
    .filter(([, inner]) => shapeOf(inner) !== undefined)
    .map(([key]) => `${prefix}_${toUpperSnake(key)}_`);
  for (const name of Object.keys(env)) {
    if (sections.some((section) => name.startsWith(section)) && !known.has(name))
      problems.push(`no such setting: ${name}`);
  }
  return { values: values ?? {}, problems };
};

interface Reading {
  readonly env: Environment;
  readonly known: Set<string>;
  readonly problems: string[];
}

const readObject = (schema: z.ZodType, prefix: string, reading: Reading): Record<string, unknown> | undefined => {
  const found: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(shapeOf(schema) ?? {})) {
    const name = `${prefix}_${toUpperSnake(key)}`;
    const value = shapeOf(inner) === undefined ? readValue(inner, name, reading) : readObject(inner, name, reading);
    if (value !== undefined) found[key] = value;
  }
  return Object.keys(found).length > 0 ? found : undefined;
};

const readValue = (schema: z.ZodType, name: string, { env, known, problems }: Reading): unknown => {
  known.add(name);
  const text = env[name];
  if (text === undefined) return undefined;

  const plain = unwrap(schema);
  if (plain instanceof z.ZodNumber) return text.trim() === "" ? text : Number(text);
  if (plain instanceof z.ZodBoolean) return text === "true" || (text === "false" ? false : text);
  if (plain instanceof z.ZodArray && !text.trimStart().startsWith("["))
    return text.split(",").map((item) => item.trim());
  if (!(plain instanceof z.ZodArray) && !(plain instanceof z.ZodRecord)) return text;
  try {
    return JSON.parse(text);
  } catch {
    problems.push(`not JSON: ${name}`);
    return undefined;
  }
};

/** The keys of an object schema under its defaults and options; nothing for other schemas. */
const shapeOf = (schema: unknown): Readonly<Record<string, z.ZodType>> | undefined => {
  const plain = unwrap(schema);
  return plain instanceof z.ZodObject ? plain.shape : undefined;
};

const unwrap = (schema: unknown): unknown => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap());
  }
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodReadonly) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  return schema;
};

const toUpperSnake = (key: string): string => key.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
