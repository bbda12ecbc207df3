import type { Clock } from "@holdfast/shared/clock/clock";
import { executePlan } from "../collection/execute-plan.ts";
import type { CollectionStore, OnCount } from "./collection-store.ts";
import { readDescriptor } from "./descriptor.ts";
import type { MarkObjects } from "./marks.ts";
import { packName, type PackKey, parsePackText } from "./object-names.ts";
import type { ByteRange } from "./object-store.ts";
import type { OpenPacks } from "./open-packs.ts";
import type { Ownership } from "./ownership.ts";
import { type PackSummary, readPackSummary } from "./pack-reader.ts";
import { OpenedPacks } from "./packs-view.ts";
import type { PlanContent } from "./plan-log.ts";
import type { ReadingParts } from "./repository-reading.ts";
import type { SpaceReserve } from "./space-reserve.ts";
import type { StoredRecords } from "./stored-records.ts";

/** What an owned repository lends. */
export interface OwnedCollectionDeps {
  readonly parts: ReadingParts;
  readonly records: StoredRecords;
  readonly marks: MarkObjects;
  readonly marking: { readonly written: number; has(pointId: string): boolean };
  readonly ownership: Ownership;
  readonly clock: Clock;
  /** Plans and last marks may use it: they make room (K11). */
  readonly reserve: SpaceReserve;
  readonly openPacks: () => OpenPacks;
}

/** The parts of an owned repository that a collection works with. */
export class OwnedCollection extends OpenedPacks implements CollectionStore {
  readonly #deps: OwnedCollectionDeps;
  /** Condemned packs that the start found. */
  #leftovers: readonly PackKey[];

  constructor(deps: OwnedCollectionDeps) {
    super(deps.parts, deps.records);
    this.#deps = deps;
    this.#leftovers = deps.parts.caughtUp.leftovers;
  }

  get indexGeneration(): number {
    return this.#deps.parts.index.generation;
  }

  get marksWritten(): number {
    return this.#deps.marking.written;
  }

  isBeingMarked(pointId: string): boolean {
    return this.#deps.marking.has(pointId);
  }

  async readContents(pack: PackKey): Promise<PackSummary> {
    const { objects, facts } = this.#deps.parts;
    return await readPackSummary(objects, pack, facts.repositoryId);
  }

  async readRange(pack: PackKey, range: ByteRange): Promise<Uint8Array> {
    return await this.#deps.parts.objects.getRange(packName(pack), range);
  }

  openCopies(): OpenPacks {
    return this.#deps.openPacks();
  }

  async plan(content: PlanContent): Promise<void> {
    const { parts, ownership, clock, reserve } = this.#deps;
    ownership.throwIfLost();
    await readDescriptor(parts.objects, ["delete"]);
    await reserve.whenFull(() => parts.plans.write({ epoch: ownership.epoch, clock }, content));
  }

  get hasUnfinished(): boolean {
    return this.#unfinished().some(({ packs, points }) => packs.length + points.length > 0);
  }

  async finish(onCount: OnCount, signal?: AbortSignal): Promise<void> {
    const { parts, marks, clock, ownership, reserve } = this.#deps;
    const { objects, index, facts, plans } = parts;
    await readDescriptor(objects, ["delete"]);
    await ownership.assertOwned();
    const deps = { objects, index, marks, reserve, repositoryId: facts.repositoryId, epoch: ownership.epoch, clock };
    const unfinished = this.#unfinished();
    const points = unfinished.flatMap((plan) => plan.points);
    const packs = unfinished.flatMap((plan) => plan.packs);
    const left = await executePlan(deps, { points, packs }, onCount, signal);
    if (left > 0) return;
    this.#leftovers = [];
    plans.setFinished();
  }

  #unfinished(): readonly PlanContent[] {
    const { unfinished } = this.#deps.parts.plans;
    const planned = unfinished.map(({ packs, points }) => ({ packs: packs.map(parsePackText), points }));
    return [{ packs: this.#leftovers, points: [] }, ...planned];
  }
}
