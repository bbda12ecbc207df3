import { violationOfCollection } from "./collection-invariants.ts";
import { CollectionKeys } from "./collection-key.ts";
import { collectionRules, type CollectionRules } from "./collection-rules.ts";
import { stepsOfOwner } from "./collection-steps.ts";
import { type CollectionBounds, type CollectionWorld, worldOfGarbage } from "./collection-world.ts";
import { type Exploration, explore, type Step } from "./explore.ts";

/** Visits every state of the model of collection within the bounds, with some of the rules broken. */
export const exploreCollection = (broken: Partial<CollectionRules>, bounds: CollectionBounds): Exploration => {
  const keys = new CollectionKeys();
  const steps = stepsOfOwner({ ...collectionRules, ...broken }, bounds);
  const known = new Map<string, readonly Step<CollectionWorld>[]>();

  const sharedSteps = (world: CollectionWorld, at: number): readonly Step<CollectionWorld>[] =>
    steps(world, at).map(({ event, state }) => ({ event, state: keys.share(state) }));

  /** What an owner can do depends on itself and the disk; what the others are meanwhile only has to be put beside it. */
  const next = (world: CollectionWorld, at: number): readonly Step<CollectionWorld>[] => {
    if (world.owners[at]?.phase === "catches up") return sharedSteps(world, at);
    const place = keys.placeOf(world, at);
    const before = known.get(place) ?? sharedSteps(world, at);
    known.set(place, before);
    return before.map(({ event, state }) => ({
      event,
      state: { ...state, owners: world.owners.with(at, state.owners[at] ?? worldIsWrong(at)) },
    }));
  };

  return explore<CollectionWorld>({
    initial: keys.share(worldOfGarbage(bounds)),
    next: (world) => world.owners.flatMap((_, at) => next(world, at)),
    violation: violationOfCollection,
    keyOf: keys.keyOf,
  });
};

const worldIsWrong = (at: number): never => {
  throw new RangeError(`the model has no owner ${at}`);
};
