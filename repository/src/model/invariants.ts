import { isSameAttempt, isOrphan, pointAmong } from "../store/task-facts.ts";
import type { World } from "./world.ts";

/** What is broken in this state, in words; nothing when every promise of the protocol holds. */
export const violationOf = (world: World): string | undefined => {
  if (world.told.contradiction !== undefined) return world.told.contradiction;
  return brokenOnDisk(world) ?? brokenPromise(world);
};

const brokenOnDisk = ({ disk }: World): string | undefined => {
  const point = pointAmong(disk.facts, disk.manifests);
  if (!point) return disk.facts.committed ? "a committed task has no manifest" : undefined;
  const undecided = disk.manifests.filter((manifest) => !isOrphan(disk.facts, manifest));
  if (!disk.facts.committed && undecided.some((other) => !isSameAttempt(other, point))) return "a task has two points";
  return disk.packed ? undefined : "a point cannot be restored";
};

const brokenPromise = ({ disk, told }: World): string | undefined => {
  const point = pointAmong(disk.facts, disk.manifests);
  const { committed } = told;
  const isKept = !committed || (point && isSameAttempt(point, committed) && point.epoch === committed.epoch);
  if (!isKept) return "an acknowledged commit is lost or changed";
  if (point && point.number <= told.fenced) return "a fenced attempt committed after its fence was acknowledged";
  return undefined;
};
