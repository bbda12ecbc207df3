import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { readEpoch } from "../store/epoch.ts";
import { packName, type PackKey, packsFolder, parsePackName } from "../store/object-names.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { readPackSummary } from "../store/pack-reader.ts";
import type { Quarantine } from "../store/quarantine.ts";
import type { IndexClient } from "./index-client.ts";

/** Brings an index to what the packs are; it may have lost any suffix of its transactions, or all (I5). */
export interface CatchUp {
  readonly objects: ObjectStore;
  readonly index: IndexClient;
  readonly repositoryId: RepositoryId;
  /** What is in it gets no row. */
  readonly quarantine: Quarantine;
  /** Only an owner may make names durable that a former process gave; a reader changes nothing. */
  readonly owner: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What catching up found. */
export interface CaughtUp {
  readonly packsRead: number;
  /** Packs whose table of contents or header is damaged; what could be read of them is indexed. */
  readonly damagedPacks: readonly string[];
}

const packsAtOnce = 4;

/** Reads every pack that the index does not know; starts from nothing when it knows what is not there (any more). */
export const catchUp = async (work: CatchUp): Promise<CaughtUp> => {
  if (!(await followsHistory(work))) await work.index.reset();
  const unknown = await unknownPacks(work);
  if (work.owner) await work.objects.confirm(unknown.map(packName));
  const damagedPacks: string[] = [];
  const queue = unknown.values();
  const readRest = async (): Promise<void> => {
    for (const key of queue) {
      work.signal?.throwIfAborted();
      if (!(await takeIn(work, key))) damagedPacks.push(packName(key));
    }
  };
  await Promise.all(Array.from({ length: packsAtOnce }, readRest));
  // An index may have lost that it forgot them.
  await work.index.dropRecords(work.quarantine.records);
  return { packsRead: unknown.length, damagedPacks };
};

/** False when the index remembers an epoch that this repository never had: it was put back to an earlier state. */
const followsHistory = async ({ index, objects }: CatchUp): Promise<boolean> => {
  const { history } = index;
  if (history === undefined) return true;
  return (await readEpoch(objects, history.epoch))?.token === history.token;
};

const unknownPacks = async ({ index, objects }: CatchUp): Promise<readonly PackKey[]> => {
  // In this order: a pack that is made durable meanwhile is in the list before it is known.
  const known = new Set((await index.knownPacks()).map(packName));
  const packs = await listPacks(objects);
  const unknown = packs.filter((key) => !known.delete(packName(key)));
  if (known.size === 0) return unknown;
  await index.reset();
  return packs;
};

const listPacks = async (objects: ObjectStore): Promise<readonly PackKey[]> => {
  const packs: PackKey[] = [];
  for await (const name of objects.list(packsFolder)) {
    const key = parsePackName(name);
    if (key !== undefined) packs.push(key);
  }
  return packs.sort((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
};

/** False when the pack is damaged. */
const takeIn = async ({ objects, index, repositoryId, quarantine }: CatchUp, key: PackKey): Promise<boolean> => {
  try {
    const summary = await readPackSummary(objects, key, repositoryId);
    await index.addPack(summary, quarantine.offsetsOf(key));
    return summary.found === "table";
  } catch (caught) {
    if (caught instanceof HoldfastError && caught.code === "REPOSITORY_DAMAGED") return false;
    throw caught;
  }
};
