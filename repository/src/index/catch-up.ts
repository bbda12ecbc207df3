import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { Condemned } from "../store/condemned.ts";
import { readEpoch } from "../store/epoch.ts";
import { packName, type PackKey, packsFolder, parsePackName } from "../store/object-names.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { PackSet } from "../store/pack-set.ts";
import { readPackSummary } from "../store/pack-reader.ts";
import type { Quarantine } from "../store/quarantine.ts";
import type { IndexClient } from "./index-client.ts";

/** Brings an index to what the packs are; it may have lost any suffix of its transactions, or all (I5). */
export interface CatchUp {
  readonly objects: ObjectStore;
  readonly index: IndexClient;
  /** What its packs hold is absent. */
  readonly condemned: Condemned;
  readonly repositoryId: RepositoryId;
  /** What is in it gets no row. */
  readonly quarantine: Quarantine;
  /** Only an owner may make names durable that a former process gave; a reader changes nothing. */
  readonly owner: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told after each pack that was read. */
  readonly onPack?: ((done: number, total: number) => void) | undefined;
}

/** What catching up found. */
export interface CaughtUp {
  readonly packsRead: number;
  /** Packs whose table of contents or header is damaged; what could be read of them is indexed. */
  readonly damagedPacks: readonly string[];
  /** Packs that are condemned and still there. */
  readonly leftovers: readonly PackKey[];
}

const packsAtOnce = 4;
/** As many full packs have a million records, about what SQLite's cache holds; beyond it, inserting in random order is slow. */
const fewPacks = 64;

/**
 * Reads every pack that the index does not know, and drops the rows of condemned ones; starts from nothing when it knows
 * another that is not there (any more).
 */
export const catchUp = async (work: CatchUp): Promise<CaughtUp> => {
  if (!(await followsHistory(work))) await work.index.reset();
  const { unknown, leftovers } = await comparePacks(work);
  if (work.owner) await work.objects.confirm(unknown.map(packName));
  const damagedPacks: string[] = [];
  const queue = unknown.values();
  let done = 0;
  const readAll = async (): Promise<void> => {
    await Promise.all(Array.from({ length: packsAtOnce }, readRest));
  };
  const readRest = async (): Promise<void> => {
    for (const key of queue) {
      work.signal?.throwIfAborted();
      if (!(await takeIn(work, key))) damagedPacks.push(packName(key));
      work.onPack?.((done += 1), unknown.length);
    }
  };
  if (unknown.length <= fewPacks) await readAll();
  else await work.index.loadInKeyOrder(readAll, work.signal);
  // An index may have lost that it forgot them.
  await work.index.dropRecords(work.quarantine.records);
  return { packsRead: unknown.length, damagedPacks, leftovers };
};

/**
 * False when the index remembers an epoch that this repository never had: it was put back to an earlier state. Also when that
 * epoch's object is damaged: an index that cannot prove its history is made anew, and nobody is hindered.
 */
const followsHistory = async ({ index, objects, repositoryId }: CatchUp): Promise<boolean> => {
  const { history } = index;
  if (history === undefined) return true;
  try {
    return (await readEpoch(objects, repositoryId, history.epoch))?.token === history.token;
  } catch (caught) {
    if (hasCode(caught, "REPOSITORY_DAMAGED")) return false;
    throw caught;
  }
};

interface ComparedPacks {
  readonly unknown: readonly PackKey[];
  readonly leftovers: readonly PackKey[];
}

const comparePacks = async ({ index, objects, condemned }: CatchUp): Promise<ComparedPacks> => {
  // In this order: a pack that is made durable meanwhile is in the list before it is known.
  const known = await index.packs();
  const listed = await listPacks(objects);
  const leftovers = listed.filter((key) => condemned.packs.has(key));
  const packs = listed.filter((key) => !condemned.packs.has(key));
  const present = new PackSet(packs);
  if (known.some((key) => !present.has(key) && !condemned.packs.has(key))) {
    await index.reset();
    return { unknown: packs, leftovers };
  }
  await index.dropPacks(
    known.filter((key) => condemned.packs.has(key)).map(({ epoch, sequence }) => ({ epoch, sequence })),
  );
  const complete = new PackSet(known.filter(({ isComplete }) => isComplete));
  return { unknown: packs.filter((key) => !complete.has(key)), leftovers };
};

const listPacks = async (objects: ObjectStore): Promise<readonly PackKey[]> => {
  const packs: PackKey[] = [];
  for await (const name of objects.list(packsFolder)) {
    const key = parsePackName(name);
    if (key !== undefined) packs.push(key);
  }
  return packs.sort((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
};

/** False when the pack is damaged. A collection may have removed it meanwhile. */
const takeIn = async (
  { objects, index, repositoryId, quarantine, owner, condemned }: CatchUp,
  key: PackKey,
): Promise<boolean> => {
  try {
    const summary = await readPackSummary(objects, key, repositoryId);
    await index.addPack(summary, quarantine.offsetsOf(key));
    return summary.found === "table";
  } catch (caught) {
    if (hasCode(caught, "REPOSITORY_DAMAGED")) return false;
    if (hasCode(caught, "NOT_FOUND") && (!owner || condemned.packs.has(key))) return true;
    throw caught;
  }
};
