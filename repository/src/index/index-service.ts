import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { ChunkFilter } from "./chunk-filter.ts";
import type { IndexCalls } from "./index-calls.ts";
import { IndexDatabase } from "./index-database.ts";
import { IndexLoad } from "./index-load.ts";
import { encodeRows } from "./index-rows.ts";
import { encodePacks } from "./pack-rows.ts";

/** What answers the calls to one index. */
export interface IndexService extends Disposable {
  readonly calls: IndexCalls;
}

interface OpenIndex {
  readonly database: IndexDatabase;
  filter: ChunkFilter;
  readonly load: IndexLoad;
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
const plainCalls = (opened: () => OpenIndex): PlainCalls => ({
  setHistory: (history) => {
    opened().database.use((database) => {
      database.setHistory(history);
    });
  },
  packs: () => opened().database.use((database) => encodePacks(database.packs())),
  dropPack: (pack) => {
    const { database, load } = opened();
    database.use(() => {
      load.settle();
      database.dropPack(pack);
    });
  },
  dropPacks: (keys) => {
    const { database, load } = opened();
    database.use(() => {
      load.settle();
      database.dropPacks(keys);
    });
  },
  dropRecords: (records) => {
    const { database, load } = opened();
    database.use(() => {
      load.settle();
      database.dropRecords(records);
    });
  },
  recordsOf: ({ kind, ...pack }) => opened().database.use((database) => database.recordsOf(pack, kind)),
  counts: () => opened().database.use((database) => database.counts()),
});

const loadCalls = (opened: () => OpenIndex): Pick<IndexCalls, "beginLoad" | "loadNext" | "endLoad"> => ({
  beginLoad: () => {
    const { database, load } = opened();
    database.use(() => {
      load.begin();
    });
  },
  loadNext: () => {
    const { database, load } = opened();
    return database.use(() => load.next());
  },
  endLoad: () => {
    const index = opened();
    index.load[Symbol.dispose]();
    index.filter[Symbol.dispose]();
    // What was loaded is in no filter yet; an index that was given up needs none.
    if (!index.database.isOpen) return;
    index.filter = new ChunkFilter(index.database);
  },
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
      open = { database, filter: new ChunkFilter(database), load: new IndexLoad(database) };
      return database.history();
    },
    reset: () => {
      const index = opened();
      index.load[Symbol.dispose]();
      index.filter[Symbol.dispose]();
      index.database.reset();
      index.filter = new ChunkFilter(index.database);
    },
    ...plainCalls(opened),
    ...loadCalls(opened),
    addPack: (pack) => {
      const { database, filter, load } = opened();
      database.use(() => {
        if (load.takes(pack)) return;
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
      open?.load[Symbol.dispose]();
      open?.filter[Symbol.dispose]();
      open?.database[Symbol.dispose]();
      open = undefined;
    },
  };
};
