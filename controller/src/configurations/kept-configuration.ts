import { z } from "zod";
import type { Queries } from "../database/database.ts";
import { readSetting, writeSetting } from "../database/settings-table.ts";

const keptSchema = z.object({ number: z.int(), createdMs: z.int(), digest: z.string() });

/** The newest configuration that this controller has written into a repository. */
export type KeptConfiguration = z.output<typeof keptSchema>;

/** Beginning of the names of settings that say what was written where. */
export const keptSettings = "configuration/";

/** What was written into a repository last; undefined for nothing, as far as the database remembers. */
export const readKept = async (queries: Queries, repositoryId: string): Promise<KeptConfiguration | undefined> => {
  const text = await readSetting(queries, `${keptSettings}${repositoryId}`);
  return text === undefined ? undefined : keptSchema.parse(JSON.parse(text));
};

/** Remembers what was written. */
export const writeKept = (queries: Queries, repositoryId: string, kept: KeptConfiguration): Promise<void> =>
  writeSetting(queries, `${keptSettings}${repositoryId}`, JSON.stringify(kept));
