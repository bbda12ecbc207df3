import { idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { rootLevel } from "@holdfast/shared/format/page-tree";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import type { IndexRow } from "../index/index-database.ts";
import { damageOf } from "../readings/disk-content.ts";
import type { PacksView } from "../store/collection-store.ts";

/** What a walk reads, and whom it tells of what it finds. */
export interface RecordWalk {
  readonly packs: Pick<PacksView, "rows" | "readPage">;
  /** Called for every record that is found; false when it was seen before: then what is under it is not walked again. */
  readonly onRecord: (row: IndexRow) => boolean;
  readonly onPage: () => void;
  readonly signal: AbortSignal;
}

/** Visits every record that a point uses. What is absent, and what is under a page that cannot be read, is passed over. */
export const walkRecords = async (walk: RecordWalk, { disks }: CatalogPoint): Promise<void> => {
  for (const { tree } of disks) {
    if (tree && !isZeroId(tree.root)) await visit(walk, rootLevel(tree.shape), tree.root);
  }
};

/** Pages of one level, and what is under those that are new. */
const visit = async (walk: RecordWalk, level: number, pageIds: Uint8Array): Promise<void> => {
  walk.signal.throwIfAborted();
  const ids = nonZero(pageIds);
  const rows = await walk.packs.rows("page", Buffer.concat(ids));
  for (const [index, id] of ids.entries()) {
    const row = rows[index];
    if (row !== undefined && walk.onRecord(row)) await descend(walk, level, id);
  }
};

const descend = async (walk: RecordWalk, level: number, id: Uint8Array): Promise<void> => {
  const ids = await listed(walk, id);
  walk.onPage();
  if (level > 0) return await visit(walk, level - 1, ids);
  for (const row of await walk.packs.rows("chunk", Buffer.concat(nonZero(ids)))) if (row) walk.onRecord(row);
  return undefined;
};

const listed = async ({ packs }: RecordWalk, id: Uint8Array): Promise<Uint8Array> => {
  try {
    return (await packs.readPage(id)).ids;
  } catch (caught) {
    if (damageOf(caught)) return new Uint8Array();
    throw caught;
  }
};

const nonZero = (ids: Uint8Array): Uint8Array[] =>
  Array.from({ length: idCount(ids) }, (_, index) => idAt(ids, index)).filter((id) => !isZeroId(id));
