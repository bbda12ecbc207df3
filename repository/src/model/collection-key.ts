import type { TaskFacts } from "../store/task-facts.ts";
import {
  type CollectingOwner,
  type CollectionDisk,
  type CollectionWorld,
  type Index,
  type ModelCollection,
  type ModelUpload,
  noUpload,
} from "./collection-world.ts";

/** In which order writers are written down: two states that differ only in which writer is which count as one. */
type Order = "forwards" | "backwards";

/** One of all equal items, and what its two keys are for short. */
interface Known<Item> {
  readonly item: Item;
  readonly forwards: number;
  readonly backwards: number;
}

/** Keeps one of all items with the same key: most of a state is the state before, and is not written out again. */
class Interned<Item extends object> {
  readonly #write: (item: Item, order: Order) => string;
  readonly #numbers = new Map<string, number>();
  readonly #byKey = new Map<string, Known<Item>>();
  readonly #known = new Map<Item, Known<Item>>();

  constructor(write: (item: Item, order: Order) => string) {
    this.#write = write;
  }

  of(item: Item): Known<Item> {
    const before = this.#known.get(item);
    if (before) return before;
    const key = this.#write(item, "forwards");
    return this.#byKey.get(key) ?? this.#add(item, key);
  }

  #add(item: Item, key: string): Known<Item> {
    const backwards = this.#numberOf(this.#write(item, "backwards"));
    const known = { item, forwards: this.#numberOf(key), backwards };
    this.#byKey.set(key, known);
    this.#known.set(item, known);
    return known;
  }

  #numberOf(key: string): number {
    const number = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }
}

/** The keys of one exploration. */
export class CollectionKeys {
  readonly #disks = new Interned(keyOfDisk);
  readonly #owners = new Interned(keyOfOwner);

  /** The same state of parts that equal states share. */
  share(world: CollectionWorld): CollectionWorld {
    const owners = world.owners.map((owner) => this.#owners.of(owner).item);
    return { ...world, disk: this.#disks.of(world.disk).item, owners };
  }

  /** Equal for places in which an owner can do the same and nothing else: itself, the disk, and what was told. */
  placeOf(world: CollectionWorld, at: number): string {
    const owner = world.owners[at];
    const writers = world.disk.facts.map((_, writer) => writer);
    const hasNext = world.owners[at + 1]?.phase !== "absent";
    return `${at}${hasNext}${owner && this.#owners.of(owner).forwards},${this.#disks.of(world.disk).forwards}${toldKey(world, writers)}`;
  }

  /** Equal for equal states, and for those that differ only in which writer is which. */
  readonly keyOf = (world: CollectionWorld): string => {
    const parts = [this.#disks.of(world.disk), ...world.owners.map((owner) => this.#owners.of(owner))];
    const writers = world.disk.facts.map((_, writer) => writer);
    const forwards = `${parts.map((part) => part.forwards).join()}${toldKey(world, writers)}`;
    if (writers.length === 1) return forwards;
    const backwards = `${parts.map((part) => part.backwards).join()}${toldKey(world, writers.toReversed())}`;
    return forwards < backwards ? forwards : backwards;
  };
}

const toldKey = ({ committed, fenced }: CollectionWorld, writers: readonly number[]): string =>
  writers.map((writer) => (committed.includes(writer) ? "c" : "-") + (fenced.includes(writer) ? "f" : "-")).join("");

const inOrder = <Item>(items: readonly Item[], order: Order): readonly Item[] =>
  order === "forwards" ? items : items.toReversed();

const keyOfDisk = ({ epoch, packs, plans, facts, manifests }: CollectionDisk, order: Order): string =>
  [
    epoch,
    packs.join(),
    plans.map((plan) => `${plan.epoch}:${plan.packs.join()}`).join(";"),
    ...inOrder(facts, order).map(keyOfFacts),
    ...inOrder(manifests, order).map((ofTask) => ofTask.map((manifest) => manifest.epoch).join()),
  ].join("/");

const keyOfFacts = ({ fenced, committed }: TaskFacts): string =>
  `${fenced.map(({ epoch }) => epoch).join()}.${committed?.epoch ?? ""}`;

const keyOfOwner = (owner: CollectingOwner, order: Order): string => {
  const history = owner.history.map(keyOfIndex).join(";");
  if (owner.phase === "gone" || owner.phase === "absent") return `${owner.phase}${history}`;
  const writers = inOrder([...owner.uploads.keys()], order);
  return [
    owner.phase,
    owner.condemned.join(),
    owner.plansRead,
    writers.map((writer) => Number(owner.points.includes(writer))).join(""),
    keyOfIndex(owner.index),
    history,
    owner.openPack ?? "",
    owner.packsMade,
    ...writers.map((writer) => keyOfUpload(owner.uploads[writer] ?? noUpload)),
    keyOfOne(owner.collection),
  ].join("/");
};

const keyOfIndex = ({ known, row }: Index): string => `${known.join()}>${row ?? ""}`;

const keyOfUpload = ({ phase, told, pending, uses, isOver, unknown }: ModelUpload): string =>
  `${phase.charAt(0)}${Number(told)}${pending ?? ""}-${uses.join()}-${Number(isOver)}-${unknown.join()}`;

const keyOfOne = ({ state, begun, candidates, hasRoots, live, watch, packs }: ModelCollection): string =>
  `${state}${begun}${candidates.join()}-${Number(hasRoots)}${live ?? ""}-${watch.join()}-${packs.join()}`;
