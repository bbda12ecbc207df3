import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { z } from "zod";

import { type World, emptyWorld } from "./world.ts";

const schemaVersion = 1;
const fileSchema = z.object({ version: z.number(), world: z.record(z.string(), z.array(z.unknown())) });

/** Writes the whole world to `path`: a killed process leaves the file of before or the new one, never a mixture. */
export const saveWorld = (path: string, world: World): void => {
  const rows = Object.fromEntries(
    Object.entries(world).map(([name, part]) => [name, [...(part as Iterable<unknown>)]]),
  );
  writeFileSync(`${path}.new`, JSON.stringify({ version: schemaVersion, world: rows }));
  renameSync(`${path}.new`, path);
};

/** The world of `path`, or undefined when the directory is new. Throws SCHEMA_TOO_NEW. */
export const loadWorld = (path: string): World | undefined => {
  if (!existsSync(path)) return undefined;
  const { version, world: rows } = fileSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  if (version > schemaVersion) throw new HoldfastError("SCHEMA_TOO_NEW", `${path} has version ${version}`);
  const fresh = emptyWorld();
  // The file is this module's own and its version was checked: its rows are taken as the model's types.
  const entries = Object.entries(fresh).map(([name, part]) => [
    name,
    part instanceof Map ? new Map((rows[name] ?? []) as [string, unknown][]) : (rows[name] ?? []),
  ]);
  return Object.fromEntries(entries) as World;
};
