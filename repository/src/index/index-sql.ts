/** Another one than this makes the index anew. */
export const schemaVersion = 2;

/** Makes the tables. */
export const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE packs (
    number INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL,
    bytes INTEGER NOT NULL, records INTEGER NOT NULL, complete INTEGER NOT NULL, created INTEGER NOT NULL,
    UNIQUE (epoch, sequence));
  CREATE TABLE chunks (
    id BLOB PRIMARY KEY, pack INTEGER NOT NULL, offset INTEGER NOT NULL, plain INTEGER NOT NULL, stored INTEGER NOT NULL,
    slot INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE pages (
    id BLOB PRIMARY KEY, pack INTEGER NOT NULL, offset INTEGER NOT NULL, plain INTEGER NOT NULL, stored INTEGER NOT NULL,
    slot INTEGER NOT NULL, level INTEGER NOT NULL
  ) WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};
`;

/** Finds the row of an id. */
export const lookupSql = {
  chunk: `SELECT epoch, sequence, offset, plain, stored, 0 AS level, slot FROM chunks JOIN packs ON packs.number = pack WHERE id = ?`,
  page: `SELECT epoch, sequence, offset, plain, stored, level, slot FROM pages JOIN packs ON packs.number = pack WHERE id = ?`,
} as const;

/** Gives a record its row, whichever it had. */
export const insertSql = {
  chunk: "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?, ?)",
  page: "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)",
} as const;

/** Forgets a record at one place; what has a row of another place keeps it. */
export const dropSql = {
  chunk: `DELETE FROM chunks WHERE id = ? AND offset = ?
    AND pack = (SELECT number FROM packs WHERE epoch = ? AND sequence = ?)`,
  page: `DELETE FROM pages WHERE id = ? AND offset = ?
    AND pack = (SELECT number FROM packs WHERE epoch = ? AND sequence = ?)`,
} as const;
