import { DatabaseSync } from "node:sqlite";
import type { WrittenText } from "./planted-secrets.ts";

/** Every text and blob of every row of an SQLite file. In the file itself a long one lies in pieces, so that a search may miss it. */
export const textsInDatabase = (path: string): readonly WrittenText[] => {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
    return tables.flatMap(({ name }) =>
      database
        .prepare(`select * from "${String(name)}"`)
        .all()
        .map((row) => ({ where: `table ${String(name)}`, text: Object.values(row).map(toText).join("\n") })),
    );
  } finally {
    database.close();
  }
};

const toText = (value: unknown): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
