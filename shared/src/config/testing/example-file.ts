import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { loadConfig } from "../load-config.ts";

/** An example configuration, read in every way in which an operator may use it. */
export interface ExampleFile<Config> {
  /** What it comes to as it stands. */
  readonly asWritten: Config;
  /** What it comes to with every setting that it only shows taken in: `#key:` is one, `# prose` is not. */
  readonly withAll: Config;
  /** Paths of all settings that it names, shown ones too, such as `bus.servers`. */
  readonly named: readonly string[];
  /** Paths of all settings that there are. */
  readonly settings: readonly string[];
}

/** Reads an example with the schema of its program. */
export const readExample = async <Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<ExampleFile<z.output<Schema>>> => {
  const text = await readFile(file, "utf8");
  const all: unknown = parse(text.replaceAll(/^(\s*)#(?=[^\s#])/gm, "$1"));
  const settings = settingsOf(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), "");
  return {
    asWritten: await loadConfig({ schema, file, env: {} }),
    withAll: schema.parse(all),
    named: namesOf(all, settings, "").toSorted(),
    settings: settings.toSorted(),
  };
};

const objectSchema = z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() });

const settingsOf = (schema: unknown, path: string): readonly string[] => {
  const { properties } = objectSchema.parse(schema);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, inner]) => settingsOf(inner, join(path, key)));
};

/** Paths of a value down to those that are settings. */
const namesOf = (value: unknown, settings: readonly string[], path: string): readonly string[] => {
  if (settings.includes(path) || typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => namesOf(inner, settings, join(path, key)));
};

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);
