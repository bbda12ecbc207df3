import type { Database as Connection } from "better-sqlite3";
import { idAt, idCount } from "@holdfast/shared/format/content-id";

/** Who stands for some ids: an upload of a VM, opened with a key. */
export interface StandFor {
  readonly ids: Uint8Array;
  readonly vm: string;
  /** Key of the certificate; empty where it is not known, and then it counts for no other VM. */
  readonly keyId: string;
  /** The records were stored just now: what others stood for is gone. */
  readonly isFresh: boolean;
}

const schema = `
  CREATE TABLE IF NOT EXISTS standing_names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS standing (
    id BLOB NOT NULL, vm INTEGER NOT NULL, writer INTEGER NOT NULL, PRIMARY KEY (id, vm)) WITHOUT ROWID;
`;
/** Two that do not know each other: one may lie. */
const enoughWriters = 2;

const prepared = new WeakSet<Connection>();

/** Makes the tables where they are absent. A cache as all of the index: what is forgotten is compared again. */
const prepare = (connection: Connection): void => {
  if (prepared.has(connection)) return;
  connection.exec(schema);
  prepared.add(connection);
};

/** Notes that a VM stands for ids. */
export const addStanding = (connection: Connection, { ids, vm, keyId, isFresh }: StandFor): void => {
  prepare(connection);
  const forget = connection.prepare("DELETE FROM standing WHERE id = ?");
  const insert = connection.prepare(`INSERT INTO standing VALUES (?, ?, ?)
    ON CONFLICT (id, vm) DO UPDATE SET writer = excluded.writer WHERE excluded.writer <> 0`);
  const add = connection.transaction(() => {
    const vmNumber = numberOf(connection, `vm ${vm}`);
    const writer = keyId === "" ? 0 : numberOf(connection, `key ${keyId}`);
    for (let index = 0; index < idCount(ids); index += 1) {
      const id = idAt(ids, index);
      if (isFresh) forget.run(id);
      insert.run(id, vmNumber, writer);
    }
  });
  add();
};

/** One byte an id: 1 when the VM stands for it, or two writers with different keys do. */
export const readStanding = (connection: Connection, ids: Uint8Array, vm: string): Uint8Array => {
  prepare(connection);
  const look = connection.prepare(`SELECT coalesce(max(vm = ?), 0) AS own, count(DISTINCT nullif(writer, 0)) AS writers
    FROM standing WHERE id = ?`);
  const vmNumber = numberOf(connection, `vm ${vm}`);
  return Uint8Array.from({ length: idCount(ids) }, (_, index) => {
    const { own, writers } = look.get(vmNumber, idAt(ids, index)) as { readonly own: number; readonly writers: number };
    return own === 1 || writers >= enoughWriters ? 1 : 0;
  });
};

const numberOf = (connection: Connection, name: string): number => {
  connection.prepare("INSERT OR IGNORE INTO standing_names (name) VALUES (?)").run(name);
  return Number(connection.prepare("SELECT number FROM standing_names WHERE name = ?").pluck().get(name));
};
