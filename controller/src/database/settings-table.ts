import type { Queries } from "./database.ts";

/** A value of the installation; undefined when it was never set. */
export const readSetting = async (queries: Queries, name: string): Promise<string | undefined> => {
  const row = await queries.selectFrom("settings").select("value").where("name", "=", name).executeTakeFirst();
  return row?.value;
};

export const writeSetting = async (queries: Queries, name: string, value: string): Promise<void> => {
  await queries
    .insertInto("settings")
    .values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
};
