import { setOf } from "./collection-scene.ts";
import type { CollectionWorld } from "./collection-world.ts";

/** What is broken in this state, in words; nothing when every promise of the collection holds. */
export const violationOfCollection = (world: CollectionWorld): string | undefined =>
  lostPoint(world) ?? blindOwner(world) ?? usedAlthoughCondemned(world) ?? brokenPromise(world);

/** A committed point is always restorable: a pack that no plan names holds what it needs. */
const lostPoint = ({ disk }: CollectionWorld): string | undefined => {
  if (!disk.facts.some(({ committed }) => committed)) return undefined;
  const condemned = setOf(disk.plans.flatMap(({ packs }) => packs));
  return disk.packs.some((pack) => !condemned.has(pack)) ? undefined : "a committed point cannot be restored";
};

/** The owner finds it, too. */
const blindOwner = ({ disk, owners }: CollectionWorld): string | undefined => {
  const owner = owners[disk.epoch - 1];
  if (owner?.phase !== "serves" || !disk.facts.some(({ committed }) => committed)) return undefined;
  const { row } = owner.index;
  if (row === undefined) return "the owner's index does not find what a committed point needs";
  if (owner.condemned.includes(row)) return "the owner's index names a condemned pack for a committed point";
  return disk.packs.includes(row) ? undefined : "the owner's index names a pack that is gone";
};

/** No upload is told that a condemned pack may be relied on. */
const usedAlthoughCondemned = ({ owners }: CollectionWorld): string | undefined => {
  const isRelied = owners.some(
    ({ uploads, condemned, phase }) =>
      phase === "serves" && uploads.some(({ uses }) => uses.some((pack) => condemned.includes(pack))),
  );
  return isRelied ? "an upload relies on a condemned pack" : undefined;
};

const brokenPromise = ({ disk, committed, fenced }: CollectionWorld): string | undefined => {
  if (committed.some((task) => !disk.facts[task]?.committed)) return "an acknowledged commit is lost";
  if (fenced.some((task) => disk.facts[task]?.committed))
    return "a fenced attempt committed after its fence was acknowledged";
  return undefined;
};
