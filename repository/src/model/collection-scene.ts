import { type AttemptInEpoch, pointAmong, type TaskFacts } from "../store/task-facts.ts";
import type { CollectionRules } from "./collection-rules.ts";
import {
  type CollectingOwner,
  type CollectionBounds,
  type CollectionDisk,
  type CollectionWorld,
  gone,
  type Index,
  type ModelCollection,
  type ModelUpload,
  noUpload,
  type Pack,
  withPack,
} from "./collection-world.ts";

/** The place of a step: the world before it, and the owner that takes it. */
export interface Scene {
  readonly world: CollectionWorld;
  readonly at: number;
  readonly owner: CollectingOwner;
  readonly epoch: number;
  readonly rules: CollectionRules;
  readonly bounds: CollectionBounds;
}

/** What happens, and the world after it. */
export type Outcome = readonly [event: string, world: CollectionWorld];

/** The one attempt of each task. */
const attempt = { number: 1, attemptId: "a" } as const;

/** The world in which this owner is another; what it wrote on the disk goes with it. */
export const withOwner = (
  { world, at }: Scene,
  owner: Partial<CollectingOwner>,
  disk: Partial<CollectionDisk> = {},
): CollectionWorld => ({
  ...world,
  disk: { ...world.disk, ...disk },
  owners: world.owners.map((one, index) => (index === at ? { ...one, ...owner } : one)),
});

/** The same with one upload changed. */
export const withUpload = (
  scene: Scene,
  writer: number,
  upload: Partial<ModelUpload>,
  owner: Partial<CollectingOwner> = {},
): CollectionWorld => {
  const uploads = scene.owner.uploads.map((one, index) => (index === writer ? { ...one, ...upload } : one));
  return withOwner(scene, { uploads, ...owner });
};

/** The same with the collection changed. */
export const withCollection = (
  scene: Scene,
  collection: Partial<ModelCollection>,
  owner: Partial<CollectingOwner> = {},
  disk: Partial<CollectionDisk> = {},
): CollectionWorld => withOwner(scene, { collection: { ...scene.owner.collection, ...collection }, ...owner }, disk);

/** R13: what an owner does that listed the epochs and found a higher one; undefined when there is none. */
export const lost = (scene: Scene): Outcome | undefined =>
  scene.world.disk.epoch > scene.epoch ? stops(scene, "sees a higher epoch and stops") : undefined;

/** The owner ends. */
export const stops = (scene: Scene, event: string): Outcome => [event, withOwner(scene, gone(scene.owner))];

/** The index after a change; what it was before may come back by a crash, as long as no later owner started from it. */
export const indexed = ({ world, at, owner }: Scene, index: Index): Pick<CollectingOwner, "index" | "history"> => ({
  index,
  history: world.owners[at + 1]?.phase === "absent" ? [...owner.history, index] : owner.history,
});

/** I5: the index takes in a pack. */
export const addToIndex = ({ known, row }: Index, pack: Pack, { indexNamesTheNewest }: CollectionRules): Index => ({
  known: withPack(known, pack),
  row: indexNamesTheNewest ? pack : (row ?? pack),
});

export const uploadOf = ({ owner }: Scene, writer: number): ModelUpload => owner.uploads[writer] ?? noUpload;

export const factsOf = ({ world }: Scene, task: number): TaskFacts =>
  world.disk.facts[task] ?? { opened: [], fenced: [] };

/** The epoch whose owner had decided about everything that was there before (C9). */
const closedBy = ({ world, owner, epoch, rules }: Scene): number => {
  if (!rules.lateManifestsAreVoid) return 0;
  if (owner.phase === "serves" && rules.closesTheLog) return epoch;
  return Math.max(0, ...world.disk.plans.map((plan) => plan.epoch));
};

/** The point of a task, decided or not yet. */
export const pointOf = (scene: Scene, task: number): AttemptInEpoch | undefined =>
  pointAmong(factsOf(scene, task), scene.world.disk.manifests[task] ?? [], closedBy(scene));

/** I10: the task is committed for ever, and stands in this owner's catalog. */
export const decide = (scene: Scene, task: number, manifest: AttemptInEpoch): CollectionWorld => {
  const facts = scene.world.disk.facts.map((one, index) =>
    index === task ? { ...one, committed: one.committed ?? manifest } : one,
  );
  return withOwner(scene, { points: withTask(scene.owner.points, task) }, { facts });
};

/** A set of tasks with one more. */
export const withTask = (tasks: readonly number[], task: number): readonly number[] =>
  tasks.includes(task) ? tasks : [...tasks, task].sort((a, b) => a - b);

/** The point's object of a task, written in this owner's epoch. */
export const withManifest = ({ world, epoch }: Scene, task: number): Pick<CollectionDisk, "manifests"> => ({
  manifests: world.disk.manifests.map((manifests, index) =>
    index === task && !manifests.some((one) => one.epoch === epoch) ? [...manifests, { ...attempt, epoch }] : manifests,
  ),
});

/** A fence of the one attempt of a task, written in this owner's epoch. */
export const withFence = ({ world, epoch }: Scene, task: number): Pick<CollectionDisk, "facts"> => ({
  facts: world.disk.facts.map((facts, index) =>
    index === task && !facts.fenced.some((fence) => fence.epoch === epoch)
      ? { ...facts, fenced: [...facts.fenced, { number: attempt.number, epoch }] }
      : facts,
  ),
});

/** A set that decisions ask. */
export const setOf = (packs: readonly Pack[]): ReadonlySet<Pack> => new Set(packs);
