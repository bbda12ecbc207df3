import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, idSize } from "@holdfast/shared/format/content-id";
import { encodePage, leafCapacity } from "@holdfast/shared/format/page";
import { buildTree, leafCount, treeShape } from "@holdfast/shared/format/page-tree";
import type { LeafSource, StoredLeaf } from "@holdfast/shared/reading/leaf-source";
import type { ChunkMap, ChunkRun } from "./chunk-map.ts";
import type { DiskLanes } from "./disk-lanes.ts";
import { countIds, type DiskTally, type LeafCounts, noCounts } from "./disk-tally.ts";
import type { LaneAnswer, LaneRequest } from "./lane-messages.ts";
import type { MissedChanges } from "./missed-changes.ts";
import type { PageSender } from "./page-sender.ts";

/** What the pass over one disk works with. */
export interface PassParts {
  readonly map: ChunkMap;
  readonly tally: DiskTally;
  readonly lanes: Pick<DiskLanes, "submit">;
  readonly pages: PageSender;
  /** The leaves of the base's disk of the same id, if there is one. */
  readonly base: LeafSource | undefined;
  /** Chunks of one request to a lane. */
  readonly runChunks: number;
  /** Of an encrypted repository. */
  readonly idKey: Uint8Array | undefined;
  /** Looks for changes that tracking missed, where that was asked for. */
  readonly missed?: MissedChanges | undefined;
}

interface LeafWork {
  readonly leaf: number;
  readonly ids: Uint8Array;
  readonly baseIds: Uint8Array;
  readonly basePageId: Uint8Array | undefined;
  /** What may count as unchanged: the base's ids without those that are healed. */
  readonly comparable: Uint8Array;
  readonly answers: Promise<void>[];
}

/** Leaves that may wait for their lanes, so that sparse leaves keep several lanes busy. */
const leavesAhead = 8;

/**
 * Takes a disk through the lanes leaf by leaf, in order, and builds its tree of pages. A leaf can be done again: after a
 * commit that found chunks of it gone.
 */
export class DiskPass {
  readonly #parts: PassParts;
  readonly #leafIds: Uint8Array;
  readonly #counts: LeafCounts[];

  constructor(parts: PassParts) {
    this.#parts = parts;
    const leaves = leafCount(treeShape(parts.map.length));
    this.#leafIds = new Uint8Array(leaves * idSize);
    this.#counts = Array.from({ length: leaves }, () => noCounts);
  }

  /** Every leaf of the disk. */
  leaves(): readonly number[] {
    return [...this.#counts.keys()];
  }

  /** Does these leaves; when it resolves, their chunks and pages are accepted or on their way in the page sender. */
  async run(leaves: Iterable<number>, signal: AbortSignal): Promise<void> {
    const ahead: LeafWork[] = [];
    for (const leaf of leaves) {
      ahead.push(await this.#begin(leaf, signal));
      const oldest = ahead.length > leavesAhead ? ahead.shift() : undefined;
      if (oldest !== undefined) await this.#finish(oldest, signal);
    }
    for (const work of ahead) await this.#finish(work, signal);
  }

  /** Sends what stands above the leaves; the disk's root. */
  async close(signal: AbortSignal): Promise<Uint8Array> {
    const { root, nodes } = buildTree(this.#leafIds, this.#parts.idKey);
    for (const node of nodes) await this.#parts.pages.add(node, signal);
    await this.#parts.pages.flush(signal);
    return root;
  }

  async #begin(leaf: number, signal: AbortSignal): Promise<LeafWork> {
    const { map, tally, base } = this.#parts;
    const first = leaf * leafCapacity;
    const count = Math.min(leafCapacity, map.length - first);
    const stored = await base?.at(leaf, signal);
    const baseIds = toLength(stored, count);
    tally.takeBack(this.#counts[leaf] ?? noCounts);
    this.#counts[leaf] = noCounts;
    const work: LeafWork = {
      leaf,
      ids: new Uint8Array(count * idSize),
      baseIds,
      basePageId: stored?.pageId,
      comparable: Uint8Array.from(baseIds),
      answers: [],
    };
    for (const run of map.runs(first, first + count)) await this.#beginRun(work, run, signal);
    return work;
  }

  async #beginRun(work: LeafWork, run: ChunkRun, signal: AbortSignal): Promise<void> {
    const [from, to] = this.#bounds(work, run);
    switch (run.action) {
      case "zero":
        this.#count(work, from, to);
        return;
      case "unchanged":
        work.ids.set(work.baseIds.subarray(from, to), from);
        this.#count(work, from, to);
        return;
      case "heal":
        work.comparable.fill(0, from, to);
        await this.#submit(work, run, signal);
        return;
      case "read":
        await this.#submit(work, run, signal);
    }
  }

  async #submit(work: LeafWork, run: ChunkRun, signal: AbortSignal): Promise<void> {
    const { runChunks, lanes } = this.#parts;
    const end = run.first + run.count;
    for (let first = run.first; first < end; first += runChunks) {
      const piece: ChunkRun = { ...run, first, count: Math.min(runChunks, end - first) };
      const [from, to] = this.#bounds(work, piece);
      const request: LaneRequest = {
        kind: "back-up",
        first,
        count: piece.count,
        known: work.comparable.slice(from, to),
      };
      const { answer } = await lanes.submit(request, signal);
      const done = this.#take(work, piece, answer);
      done.catch(() => undefined);
      work.answers.push(done);
    }
  }

  async #take(work: LeafWork, piece: ChunkRun, answer: Promise<LaneAnswer>): Promise<void> {
    const { ids, stored, packedBytes } = await answer;
    const [from, to] = this.#bounds(work, piece);
    if (ids.byteLength !== to - from)
      throw new HoldfastError("INTERNAL", `a lane named ${ids.byteLength} bytes of ids for ${piece.count} chunks`);
    work.ids.set(ids, from);
    this.#parts.tally.addRead(piece.count);
    this.#parts.tally.addStored(stored, packedBytes);
    this.#count(work, from, to);
  }

  #count(work: LeafWork, from: number, to: number): void {
    const counts = countIds(work.ids.subarray(from, to), work.comparable.subarray(from, to));
    const had = this.#counts[work.leaf] ?? noCounts;
    this.#counts[work.leaf] = {
      zero: had.zero + counts.zero,
      unchanged: had.unchanged + counts.unchanged,
      fresh: had.fresh + counts.fresh,
    };
    this.#parts.tally.add(counts);
  }

  async #finish(work: LeafWork, signal: AbortSignal): Promise<void> {
    await Promise.all(work.answers);
    this.#parts.missed?.look(work.leaf, work.ids, work.baseIds);
    const page = encodePage({ level: 0, ids: work.ids }, this.#parts.idKey);
    this.#leafIds.set(page.id, work.leaf * idSize);
    const isBases =
      work.basePageId !== undefined &&
      equalBytes(page.id, work.basePageId) &&
      equalBytes(work.comparable, work.baseIds);
    if (!isBases) await this.#parts.pages.add(page, signal);
  }

  #bounds({ leaf }: LeafWork, { first, count }: ChunkRun): readonly [number, number] {
    const from = (first - leaf * leafCapacity) * idSize;
    return [from, from + count * idSize];
  }
}

/** A base's ids for as many positions as the leaf has now: a disk may have grown or shrunk since. */
const toLength = (stored: StoredLeaf | undefined, count: number): Uint8Array => {
  const ids = new Uint8Array(count * idSize);
  if (stored !== undefined) ids.set(stored.chunkIds.subarray(0, ids.byteLength));
  return ids;
};
