import type { CollectionState } from "../collection/transitions.ts";
import type { AttemptInEpoch, TaskFacts } from "../store/task-facts.ts";

/** A pack of the model; every pack holds the one record that all points need. `a` was there before anything happens. */
export type Pack = string;

/** What an index says: which packs it knows, and in which of them it finds the record. */
export interface Index {
  readonly known: readonly Pack[];
  readonly row: Pack | undefined;
}

/** A durable plan; the log is their list. */
export interface ModelPlan {
  readonly epoch: number;
  readonly packs: readonly Pack[];
}

/** What survives every crash. Writer w makes the point of task w. */
export interface CollectionDisk {
  readonly epoch: number;
  readonly packs: readonly Pack[];
  readonly plans: readonly ModelPlan[];
  /** By task: its fences and what is committed. */
  readonly facts: readonly TaskFacts[];
  readonly manifests: readonly (readonly AttemptInEpoch[])[];
}

/** One upload at one owner. */
export interface ModelUpload {
  /** `checked`: everything under the root was found; `written`: the point's object is there, nobody was told. */
  readonly phase: "none" | "open" | "checked" | "written";
  /** It was told that the record is known or stored. */
  readonly told: boolean;
  /** A pack that it depends on and that is not durable yet. */
  readonly pending: Pack | undefined;
  readonly uses: readonly Pack[];
  /** The stream ended or a fence retired it, while its commit goes on. */
  readonly isOver: boolean;
  /** Uses of a commit that failed after it may have written its point's object. */
  readonly unknown: readonly Pack[];
}

/** A collection at one owner. */
export interface ModelCollection {
  readonly state: CollectionState;
  /** Collections that this owner began. */
  readonly begun: number;
  readonly candidates: readonly Pack[];
  /** There were roots when it began. */
  readonly hasRoots: boolean;
  readonly live: Pack | undefined;
  /** What uploads use that were open at any moment since it began. */
  readonly watch: readonly Pack[];
  /** What it wants to condemn, then what it condemned. */
  readonly packs: readonly Pack[];
}

/** One server process. A paused one is one to which nothing happens for a while, a crashed one one to which nothing ever happens. */
export interface CollectingOwner {
  readonly phase: "absent" | "adopts" | "reads plans" | "closes the log" | "looks" | "catches up" | "serves" | "gone";
  readonly condemned: readonly Pack[];
  /** Plans that it has read or written: the next number is one more. */
  readonly plansRead: number;
  /** Tasks whose points it has in its catalog. */
  readonly points: readonly number[];
  readonly index: Index;
  /** Everything that its index ever was: a crash brings any of it back. */
  readonly history: readonly Index[];
  readonly openPack: Pack | undefined;
  readonly packsMade: number;
  readonly uploads: readonly ModelUpload[];
  readonly collection: ModelCollection;
}

/** One state of the model. */
export interface CollectionWorld {
  readonly disk: CollectionDisk;
  readonly owners: readonly CollectingOwner[];
  /** Tasks whose commit was acknowledged, and those whose fence was. */
  readonly committed: readonly number[];
  readonly fenced: readonly number[];
}

/** How much may happen. */
export interface CollectionBounds {
  readonly owners: number;
  readonly writers: number;
  /** Collections that each owner begins. */
  readonly collections: readonly number[];
  /** Packs that the uploads of one owner fill. */
  readonly packs: number;
}

export const noUpload: ModelUpload = {
  phase: "none",
  told: false,
  pending: undefined,
  uses: [],
  isOver: false,
  unknown: [],
};

/** Nothing is under way. */
export const noCollection: ModelCollection = {
  state: "idle",
  begun: 0,
  candidates: [],
  hasRoots: false,
  live: undefined,
  watch: [],
  packs: [],
};

const noIndex: Index = { known: [], row: undefined };

const absentOwner = (writers: number): CollectingOwner => ({
  phase: "absent",
  condemned: [],
  plansRead: 0,
  points: [],
  index: noIndex,
  history: [noIndex],
  openPack: undefined,
  packsMade: 0,
  uploads: Array.from({ length: writers }, () => noUpload),
  collection: noCollection,
});

/** The owner stopped because it saw another's epoch or plan: nothing of it matters any more but what its index was. */
export const gone = ({ uploads, history }: CollectingOwner): CollectingOwner => ({
  ...absentOwner(uploads.length),
  phase: "gone",
  history,
});

/** A repository whose one pack no point needs any more. */
export const worldOfGarbage = ({ owners, writers }: CollectionBounds): CollectionWorld => ({
  disk: {
    epoch: 0,
    packs: ["a"],
    plans: [],
    facts: Array.from({ length: writers }, () => ({ opened: [], fenced: [] })),
    manifests: Array.from({ length: writers }, () => []),
  },
  owners: Array.from({ length: owners }, () => absentOwner(writers)),
  committed: [],
  fenced: [],
});

/** A set with one more; sorted, so that equal sets are equal. */
export const withPack = (packs: readonly Pack[], pack: Pack): readonly Pack[] =>
  packs.includes(pack) ? packs : [...packs, pack].sort();
