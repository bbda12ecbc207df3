import { idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { pageLength, placeOfChunk } from "@holdfast/shared/format/page-tree";
import type { DamageCode } from "../readings/disk-content.ts";
import type { MarkedDamage } from "../store/mark.ts";
import type { RecordRef } from "../store/repository-store.ts";
import { type CatalogPoint, isGood, isSameVm } from "./catalog-point.ts";
import { RangeCollector } from "./disk-range.ts";
import type { KnownDamage } from "./known-damage.ts";
import { eachLeaf, type FoundLeaf } from "./leaves.ts";
import { markVerified, mostMarkedRanges, type RecordDeps } from "./record-verification.ts";
import { findHoles } from "./holes.ts";

/** What became of hurt points when a commit brought chunks back. */
export interface Healed {
  /** Points that became good. */
  readonly healed: readonly CatalogPoint[];
  /** Points of the same VM that stay hurt. */
  readonly hurt: readonly CatalogPoint[];
}

/** Ids looked for at once. */
const batch = 4096;

/**
 * Judges every hurt point again when records that were absent are there now (H4): ranges whose chunks came back leave its mark.
 * Costs one question to the index when none came back.
 */
export const judgeAgain = async (deps: RecordDeps, committed: CatalogPoint): Promise<Healed> => {
  const hurtBefore = deps.catalog.list().filter((point) => !isGood(point));
  const back = await findBack(deps);
  const healed: CatalogPoint[] = [];
  for (const point of back.length > 0 ? hurtBefore : []) {
    const left = await rangesStillAbsent(deps, point);
    if (!deps.catalog.get(point.pointId)) continue;
    const now = await markVerified(deps, point, left);
    if (isGood(now)) healed.push(now);
  }
  // Only now: where a mark could not be written, the next commit finds them back again.
  for (const record of back) deps.damage.forget(record);
  const hurt = deps.catalog.list().filter((point) => !isGood(point) && isSameVm(point.vm, committed.vm));
  if (healed.length > 0) deps.log.info("points healed", { points: healed.length, stillHurt: hurt.length });
  return { healed, hurt };
};

/** Marks a point in which records became absent while it was being committed. */
export const judgeNewPoint = async (deps: RecordDeps, point: CatalogPoint): Promise<void> => {
  const holes = await findHoles(deps.store, point);
  if (holes.length === 0) return;
  const damaged = holes.map((range) => ({ ...range, code: "CHUNK_MISSING" as const }));
  await markVerified(deps, point, damaged);
};

/** The records that were absent and are there now. */
const findBack = async ({ store, damage }: RecordDeps): Promise<readonly RecordRef[]> => {
  const back: RecordRef[] = [];
  for (const kind of ["chunk", "page"] as const) {
    const all = [...damage.ids(kind).keys()].map((hex) => Buffer.from(hex, "hex"));
    for (let first = 0; first < all.length; first += batch) {
      const ids = all.slice(first, first + batch);
      const places = await store.locate(kind, Buffer.concat(ids));
      back.push(...ids.filter((_, index) => places[index] !== undefined).map((id) => ({ kind, id })));
    }
  }
  return back;
};

/** What of a point's marked damage is still absent; of a mark that could not take all of it, the whole point is looked through. */
const rangesStillAbsent = async (deps: RecordDeps, point: CatalogPoint): Promise<readonly MarkedDamage[]> => {
  const marked = point.marked.verified?.damaged ?? [];
  const { store, damage } = deps;
  if (marked.length >= mostMarkedRanges) {
    const holes = await findHoles(store, point);
    return holes.map((range) => ({ ...range, code: "CHUNK_MISSING" as const }));
  }
  const left = new RangeCollector<{ readonly code: DamageCode }>((a, b) => a.code === b.code);
  for (const range of marked) await addAbsent(deps, point, { range, damage, left });
  return left.ranges;
};

interface Judging {
  readonly range: MarkedDamage;
  readonly damage: KnownDamage;
  readonly left: RangeCollector<{ readonly code: DamageCode }>;
}

const addAbsent = async ({ store }: RecordDeps, point: CatalogPoint, judging: Judging): Promise<void> => {
  const { diskId, firstPosition, count, code } = judging.range;
  const tree = point.disks.find((disk) => disk.diskId === diskId)?.tree;
  if (!tree) return;
  const first = placeOfChunk(firstPosition).leaf;
  const last = placeOfChunk(firstPosition + count - 1).leaf;
  for await (const leaf of eachLeaf(tree, store, { first, end: last + 1 })) {
    const absent = await absentSlots(leaf, {
      locate: (ids) => store.locate("chunk", ids),
      codeOf: (record) => judging.damage.codeOf(record) ?? code,
      unreadable: code,
      length: pageLength(tree.shape, 0, leaf.leaf),
    });
    for (const { slot, code: why } of absent) {
      const position = leaf.leaf * leafCapacity + slot;
      if (position >= firstPosition && position < firstPosition + count)
        judging.left.add(diskId, position, { code: why });
    }
  }
};

interface LookingAtLeaf {
  readonly locate: (ids: Uint8Array) => Promise<readonly unknown[]>;
  readonly codeOf: (record: RecordRef) => DamageCode;
  /** What a leaf that cannot be read was marked with. */
  readonly unreadable: DamageCode;
  /** Positions of the leaf. */
  readonly length: number;
}

interface AbsentSlot {
  readonly slot: number;
  readonly code: DamageCode;
}

const absentSlots = async (
  leaf: FoundLeaf,
  { locate, codeOf, unreadable, length }: LookingAtLeaf,
): Promise<readonly AbsentSlot[]> => {
  if ("damage" in leaf) return Array.from({ length }, (_, slot) => ({ slot, code: unreadable }));
  const { chunkIds } = leaf;
  if (!chunkIds) return [];
  const slots = Array.from({ length: idCount(chunkIds) }, (_, slot) => slot).filter(
    (slot) => !isZeroId(idAt(chunkIds, slot)),
  );
  const places = await locate(Buffer.concat(slots.map((slot) => idAt(chunkIds, slot))));
  return slots.flatMap((slot, index) =>
    places[index] === undefined ? [{ slot, code: codeOf({ kind: "chunk", id: idAt(chunkIds, slot) }) }] : [],
  );
};
