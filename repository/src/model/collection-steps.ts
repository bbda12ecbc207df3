import { candidatesOf, collectionStates, type CollectionState, condemnable } from "../collection/transitions.ts";
import type { Step } from "./explore.ts";
import type { CollectionRules } from "./collection-rules.ts";
import {
  addToIndex,
  decide,
  indexed,
  lost,
  type Outcome,
  pointOf,
  type Scene,
  setOf,
  stops,
  withCollection,
  withOwner,
} from "./collection-scene.ts";
import { uploadSteps } from "./collection-upload-steps.ts";
import {
  type CollectingOwner,
  type CollectionBounds,
  type CollectionWorld,
  type Index,
  noCollection,
  type Pack,
  withPack,
} from "./collection-world.ts";

/**
 * Everything that one owner can do next: owners start one after another, serve writers, collect, or do nothing any more. Only
 * one that catches up changes another owner: it takes over what that one's index was.
 */
export const stepsOfOwner =
  (rules: CollectionRules, bounds: CollectionBounds) =>
  (world: CollectionWorld, at: number): Step<CollectionWorld>[] => {
    const owner = world.owners[at];
    if (!owner) return [];
    return outcomesOf({ world, at, owner, epoch: at + 1, rules, bounds }).map(([event, state]) => ({
      event: `owner ${at + 1}: ${event}`,
      state,
    }));
  };

const outcomesOf = (scene: Scene): Outcome[] => {
  switch (scene.owner.phase) {
    case "gone":
      return [];
    case "absent":
      return scene.world.disk.epoch === scene.at ? [takeEpoch(scene)] : [];
    case "adopts":
      return [adopt(scene)];
    case "reads plans":
      return [readPlans(scene, "closes the log")];
    case "closes the log":
      return [closeLog(scene)];
    case "looks":
      return [lost(scene) ?? ["still owns it", withOwner(scene, { phase: "catches up" })]];
    case "catches up":
      return catchUp(scene);
    case "serves":
      return [...uploadSteps(scene), ...collect(scene)];
  }
};

const takeEpoch = (scene: Scene): Outcome => [
  "takes its epoch",
  withOwner(scene, { phase: "adopts" }, { epoch: scene.epoch }),
];

/** C9: decides about every point's object that is there. */
const adopt = (scene: Scene): Outcome => {
  let world = scene.world;
  for (const task of world.disk.facts.keys()) {
    const now = { ...scene, world, owner: world.owners[scene.at] ?? scene.owner };
    const point = pointOf(now, task);
    if (point) world = decide(now, task, point);
  }
  return lost(scene) ?? ["adopts what it finds", withOwner({ ...scene, world }, { phase: "reads plans" })];
};

const readPlans = (scene: Scene, phase: CollectingOwner["phase"]): Outcome => {
  const { plans } = scene.world.disk;
  const condemned = [...new Set(plans.flatMap(({ packs }) => packs))].sort();
  return ["reads the plans", withOwner(scene, { phase, condemned, plansRead: plans.length })];
};

/** G10: the next number is ours, or somebody else's plan is honoured first. */
const closeLog = (scene: Scene): Outcome => {
  const { world, owner, epoch, rules } = scene;
  const phase = rules.looksAfterClosing ? "looks" : "catches up";
  if (!rules.closesTheLog) return ["goes on", withOwner(scene, { phase })];
  const read = world.disk.plans.slice(0, owner.plansRead);
  const isLater = rules.stopsAtALaterPlan && read.some((plan) => plan.epoch > epoch);
  if (isLater) return stops(scene, "finds a later owner's plan");
  if (world.disk.plans.length > owner.plansRead) return readPlans(scene, "closes the log");
  const plans = [...world.disk.plans, { epoch, packs: [] }];
  return ["closes the log", withOwner(scene, { phase, plansRead: plans.length }, { plans })];
};

/** Starts from any state that the former owner's index ever had, or from none, and finishes what plans name. */
const catchUp = (scene: Scene): Outcome[] => {
  const former = scene.world.owners[scene.at - 1];
  const { packs } = scene.world.disk;
  const condemned = setOf(scene.owner.condemned);
  const disk = { packs: packs.filter((pack) => !condemned.has(pack)) };
  const collection = scene.rules.marksDieWithTheirOwner ? noCollection : resumed(former);
  const starts = new Map<string, Index>();
  for (const from of [...(former?.history ?? []), { known: [], row: undefined }]) {
    for (const index of caughtUp(from, scene)) starts.set(JSON.stringify(index), index);
  }
  return [...starts.values()].map((index): Outcome => {
    const owner = { phase: "serves", index, history: [index], collection } as const;
    const world = withOwner(scene, owner, disk);
    const owners = world.owners.map((one, at) => (at === scene.at - 1 ? { ...one, history: [] } : one));
    return [`catches up from ${index.row ?? "nothing"}`, { ...world, owners }];
  });
};

/** What the start makes of an index; packs that it did not know come in any order. */
const caughtUp = (from: Index, { world, owner, rules }: Scene): Index[] => {
  const condemned = setOf(rules.catchUpSkipsCondemned ? owner.condemned : []);
  const present = world.disk.packs.filter((pack) => !condemned.has(pack));
  const hasLost = from.known.some((pack) => !present.includes(pack) && !condemned.has(pack));
  const start = hasLost ? { known: [], row: undefined } : from;
  const row = start.row !== undefined && !condemned.has(start.row) ? start.row : undefined;
  const known = start.known.filter((pack) => !condemned.has(pack));
  const unknown = present.filter((pack) => !known.includes(pack));
  if (unknown.length === 0) return [{ known, row }];
  const all = [...known, ...unknown].sort();
  return unknown.map((last) => ({ known: all, row: rules.indexNamesTheNewest ? last : (row ?? last) }));
};

/** The unsafe variant: a collection goes on where the former owner's stood. */
const resumed = (former: CollectingOwner | undefined): CollectingOwner["collection"] =>
  former?.collection.state === "walked" ? { ...former.collection, watch: [] } : noCollection;

const collect = (scene: Scene): Outcome[] => {
  const { state, begun, packs } = scene.owner.collection;
  switch (state) {
    case "idle":
      return begun < (scene.bounds.collections[scene.at] ?? 0) ? [begin(scene)] : [];
    case "begun":
      return [walk(scene)];
    case "walked":
      return [condemn(scene, deadOf(scene)), ...copy(scene)];
    case "copied":
      return [condemn(scene, packs)];
    case "condemned":
      return [plan(scene)];
    case "planned":
      return [lost(scene) ?? ["still owns it", moved(scene, "owned")]];
    case "owned":
      return [remove(scene)];
    case "removed":
      return [["ends its collection", moved(scene, "idle")], ...copy(scene)];
  }
};

/** Also here the table says which state may follow. */
const moved = (
  scene: Scene,
  to: CollectionState,
  ...[collection = {}, owner, disk]: Partial<Tail<Parameters<typeof withCollection>>>
): CollectionWorld => {
  collectionStates.assertMove(scene.owner.collection.state, to);
  return withCollection(scene, { ...collection, state: to }, owner, disk);
};

type Tail<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest] ? Rest : never;

const begin = (scene: Scene): Outcome => {
  const { owner } = scene;
  const uploads = owner.uploads.map((one, task) => (owner.points.includes(task) ? { ...one, unknown: [] } : one));
  const collection = {
    begun: owner.collection.begun + 1,
    candidates: candidatesOf(owner.index.known, setOf(owner.condemned)),
    hasRoots: owner.points.length > 0,
    live: undefined,
    watch: [...new Set(uploads.flatMap(({ uses, unknown }) => [...uses, ...unknown]))].sort(),
    packs: [],
  };
  return ["begins a collection", moved(scene, "begun", collection, { uploads })];
};

const walk = (scene: Scene): Outcome => {
  const { index, condemned, collection } = scene.owner;
  const isThere = index.row !== undefined && !condemned.includes(index.row);
  return ["walks", moved(scene, "walked", { live: collection.hasRoots && isThere ? index.row : undefined })];
};

const deadOf = ({ owner }: Scene): readonly Pack[] =>
  owner.collection.candidates.filter((pack) => pack !== owner.collection.live && !owner.condemned.includes(pack));

/** A wasteful pack is copied; it may be any in which something lives. */
const copy = (scene: Scene): Outcome[] => {
  const { owner, epoch, rules, world } = scene;
  const { live, candidates, begun } = owner.collection;
  if (live === undefined || !candidates.includes(live) || owner.condemned.includes(live)) return [];
  const pack = `${epoch}k${begun}`;
  if (!rules.copiesBeforeCondemning) return [["copies nothing", moved(scene, "copied", { packs: [live] })]];
  const index = indexed(scene, addToIndex(owner.index, pack, rules));
  const packs = withPack(world.disk.packs, pack);
  return [[`copies ${live}`, moved(scene, "copied", { packs: [live] }, index, { packs })]];
};

/** G6, in one step. */
const condemn = (scene: Scene, wanted: readonly Pack[]): Outcome => {
  const { owner } = scene;
  const { condemned: packs } = condemnable(wanted, [setOf(owner.collection.watch)]);
  if (packs.length === 0) return ["spares everything", moved(scene, "idle")];
  const condemned = [...owner.condemned, ...packs].sort();
  return [`condemns ${packs.join(" and ")}`, moved(scene, "condemned", { packs }, { condemned })];
};

/** G9: who finds the number taken has lost the repository. */
const plan = (scene: Scene): Outcome => {
  const { owner, world, epoch, rules } = scene;
  const { packs } = owner.collection;
  const left = rules.plansBeforeRemoving ? world.disk.packs : world.disk.packs.filter((pack) => !packs.includes(pack));
  if (world.disk.plans.length > owner.plansRead) {
    const [event, after] = stops(scene, "finds the number of its plan taken");
    return [event, { ...after, disk: { ...after.disk, packs: left } }];
  }
  const plans = [...world.disk.plans, { epoch, packs }];
  return ["plans", moved(scene, "planned", {}, { plansRead: plans.length }, { plans, packs: left })];
};

const remove = (scene: Scene): Outcome => {
  const { owner, world } = scene;
  const planned = setOf(owner.collection.packs);
  const { known, row } = owner.index;
  const index = {
    known: known.filter((pack) => !planned.has(pack)),
    row: row !== undefined && planned.has(row) ? undefined : row,
  };
  const packs = world.disk.packs.filter((pack) => !planned.has(pack));
  return ["removes what it planned", moved(scene, "removed", {}, indexed(scene, index), { packs })];
};
