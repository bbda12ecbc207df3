import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type Environment, readEnvironment } from "./environment.ts";

/** Where a configuration comes from: later sources win, key by key. */
export interface ConfigSources<Schema extends z.ZodType> {
  /** Strict objects with their defaults: an unknown key is a problem. */
  readonly schema: Schema;
  /** YAML, or JSON, which is YAML too. */
  readonly file?: string | undefined;
  readonly env: Environment;
  /** Start of the variables' names; `HOLDFAST` unless told. */
  readonly prefix?: string;
  /** What the command line said. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** Reads and checks a configuration; CONFIG_INVALID lists every problem at once. */
export const loadConfig = async <Schema extends z.ZodType>(
  sources: ConfigSources<Schema>,
): Promise<z.output<Schema>> => {
  const { schema, file, env, prefix = "HOLDFAST", overrides = {} } = sources;
  const fromFile = file === undefined ? {} : await readConfigFile(file);
  const { values, problems } = readEnvironment(schema, env, prefix);

  const parsed = schema.safeParse(merge(merge(fromFile, values), overrides));
  const found = [
    ...problems.map((problem) => `✖ ${problem}`),
    ...(parsed.success ? [] : [z.prettifyError(parsed.error)]),
  ];
  if (parsed.success && found.length === 0) return parsed.data;

  const where = file === undefined ? "the configuration" : `the configuration ${file}`;
  throw new HoldfastError("CONFIG_INVALID", `${where} has problems:\n${found.join("\n")}`, {
    details: file === undefined ? {} : { file },
    cause: parsed.error,
  });
};

const readConfigFile = async (file: string): Promise<unknown> => {
  try {
    return withoutEmpty(parse(await readFile(file, "utf8")) as unknown) ?? {};
  } catch (caught) {
    const reason = caught instanceof Error ? caught.message : String(caught);
    throw new HoldfastError("CONFIG_INVALID", `the configuration ${file} cannot be read: ${reason}`, {
      details: { file },
      cause: caught,
    });
  }
};

/** A key without a value is a key that is not there: a section may stand with all of its settings commented out. */
const withoutEmpty = (value: unknown): unknown => {
  if (!isObject(value)) return value;
  const filled = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(filled.map(([key, inner]) => [key, withoutEmpty(inner)]));
};

/** Objects are joined key by key; anything else is replaced, lists too. */
const merge = (base: unknown, over: unknown): unknown => {
  if (!isObject(base) || !isObject(over)) return over === undefined ? base : over;
  const joined: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) joined[key] = merge(base[key], value);
  return joined;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
