import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { ChunkFilter } from "./chunk-filter.ts";
import type { IndexCalls } from "./index-calls.ts";
import { IndexDatabase } from "./index-database.ts";
import { encodeRows } from "./index-rows.ts";
import { encodePacks } from "./pack-rows.ts";

/** What answers the calls to one index. */
export interface IndexService extends Disposable {
  readonly calls: IndexCalls;
}

interface OpenIndex {
  readonly database: IndexDatabase;
  filter: ChunkFilter;
}

const standingCalls = (opened: () => OpenIndex): Pick<IndexCalls, "addStanding" | "readStanding"> => ({
  addStanding: (what) => {
    opened().database.use((database) => {
      database.addStanding(what);
    });
  },
  readStanding: ({ ids, vm }) => opened().database.use((database) => database.readStanding(ids, vm)),
});

type PlainCalls = Pick<
  IndexCalls,
  "setHistory" | "packs" | "dropPack" | "dropPacks" | "dropRecords" | "recordsOf" | "counts"
>;

/** What the filter has no part in: it may go on saying "maybe" to what was dropped. */
const plainCalls = (opened: () => IndexDatabase): PlainCalls => ({
  setHistory: (history) => {
    opened().use((database) => {
      database.setHistory(history);
    });
  },
  packs: () => opened().use((database) => encodePacks(database.packs())),
  dropPack: (pack) => {
    opened().use((database) => {
      database.dropPack(pack);
    });
  },
  dropPacks: (keys) => {
    opened().use((database) => {
      database.dropPacks(keys);
    });
  },
  dropRecords: (records) => {
    opened().use((database) => {
      database.dropRecords(records);
    });
  },
  recordsOf: ({ kind, ...pack }) => opened().use((database) => database.recordsOf(pack, kind)),
  counts: () => opened().use((database) => database.counts()),
});

/** The index with its filter in front. Everything blocks: for the one thread that owns it. */
export const createIndexService = (): IndexService => {
  let open: OpenIndex | undefined;
  const opened = (): OpenIndex => {
    if (open === undefined) throw new HoldfastError("INTERNAL", "the index is not open");
    return open;
  };
  const calls: IndexCalls = {
    open: ({ path, repositoryId }) => {
      const database = new IndexDatabase(path, repositoryId);
      open = { database, filter: new ChunkFilter(database) };
      return database.history();
    },
    reset: () => {
      const index = opened();
      index.filter[Symbol.dispose]();
      index.database.reset();
      index.filter = new ChunkFilter(index.database);
    },
    ...plainCalls(() => opened().database),
    addPack: (pack) => {
      const { database, filter } = opened();
      database.use(() => {
        database.addPack(pack);
        if (pack.kind === "chunk") filter.addTable(pack.table);
      });
    },
    lookup: ({ kind, ids }) => {
      const { database, filter } = opened();
      return database.use(() => encodeRows(kind === "chunk" ? filter.lookup(ids) : database.lookup(kind, ids)));
    },
    ...standingCalls(opened),
  };
  return {
    calls,
    [Symbol.dispose]: () => {
      open?.filter[Symbol.dispose]();
      open?.database[Symbol.dispose]();
      open = undefined;
    },
  };
};
