import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName, type RandomBytes } from "@holdfast/shared/ids/ids";
import type { ObjectStore, Published } from "./object-store.ts";

/** What a storage was seen to do. */
export interface StoreFitness {
  /** A second writer of a name is told so and changes nothing. */
  readonly createsIfAbsent: boolean;
  /** The same for objects that came in parts. */
  readonly completesIfAbsent: boolean;
  /** A name is listed as soon as it is given. */
  readonly listsAfterWrite: boolean;
  /** A locked object cannot be removed; undefined where locks are not asked for. */
  readonly locks: boolean | undefined;
  /** How far the storage's clock is ahead of ours; undefined where it has none of its own. */
  readonly clockAheadMs: number | undefined;
}

/** What probing needs. */
export interface ProbeDeps {
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Names below it are of probes alone; whatever an earlier one could not remove goes with the next. */
const folder = "probe";
/** A probe's lock ends soon, so that the next probe can tidy up. */
const lockMs = 60_000;

/** Tries out what a repository relies on, by objects of its own. STORE_DENIED, STORE_UNREACHABLE when it cannot even be tried. */
export const probeStore = async (
  objects: ObjectStore,
  { clock, random }: ProbeDeps,
  signal?: AbortSignal,
): Promise<StoreFitness> => {
  const own = `${folder}/${randomName(16, random)}`;
  const write: Write = async (name, text, inParts) => {
    await using staged = await objects.stage(`${own}/${name}`, { inParts, signal });
    await staged.write([Buffer.from(text)], { signal });
    return await staged.publish({ signal });
  };
  const storeMs = await objects.clockMs?.({ signal });
  const fitness = {
    createsIfAbsent: await keepsTheFirst(write, "whole", false),
    completesIfAbsent: await keepsTheFirst(write, "parts", true),
    listsAfterWrite: await isListed(objects, write, own, signal),
    locks: await refusesRemoval(objects, `${own}/locked`, (storeMs ?? clock.nowMs()) + lockMs),
    clockAheadMs: storeMs === undefined ? undefined : storeMs - clock.nowMs(),
  };
  await tidy(objects, signal);
  return fitness;
};

type Write = (name: string, text: string, inParts: boolean) => Promise<Published>;

const keepsTheFirst = async (write: Write, name: string, inParts: boolean): Promise<boolean> => {
  try {
    const answers = [await write(name, "first", inParts), await write(name, "second", inParts)];
    return answers.join() === "created,exists";
  } catch (caught) {
    if (hasCode(caught, "STORE_UNFIT")) return false;
    throw caught;
  }
};

const isListed = async (
  objects: ObjectStore,
  write: Write,
  own: string,
  signal: AbortSignal | undefined,
): Promise<boolean> => {
  try {
    await write("listed", "", false);
  } catch (caught) {
    if (hasCode(caught, "STORE_UNFIT")) return false;
    throw caught;
  }
  for await (const found of objects.list(folder, { signal })) if (found === `${own}/listed`) return true;
  return false;
};

const refusesRemoval = async (
  objects: ObjectStore,
  name: string,
  lockUntilMs: number,
): Promise<boolean | undefined> => {
  if (objects.retention === undefined) return undefined;
  try {
    await objects.putIfAbsent(name, Buffer.from("locked"), { lockUntilMs });
    await objects.remove(name);
    return false;
  } catch (caught) {
    if (hasCode(caught, "OBJECT_LOCKED")) return true;
    // A bucket without Object Lock refuses the request itself.
    if (hasCode(caught, "IO_FAILED", "STORE_UNFIT")) return false;
    throw caught;
  }
};

const tidy = async (objects: ObjectStore, signal: AbortSignal | undefined): Promise<void> => {
  for await (const name of objects.list(folder, { signal })) {
    await objects.remove(name, { signal }).catch((caught: unknown) => {
      if (!hasCode(caught, "OBJECT_LOCKED", "STORE_DENIED")) throw caught;
    });
  }
};

/** STORE_UNFIT names everything that a repository relies on and the storage does not do. */
export const requireFit = (fitness: StoreFitness): void => {
  const { createsIfAbsent, completesIfAbsent, listsAfterWrite, locks } = fitness;
  const lacks = [
    ...(createsIfAbsent ? [] : ["create an object only if its name is free"]),
    ...(completesIfAbsent ? [] : ["complete an upload in parts only if its name is free"]),
    ...(listsAfterWrite ? [] : ["list a name that was just given"]),
    ...(locks === false ? ["lock objects, though objectLock is set"] : []),
  ];
  if (lacks.length > 0) throw new HoldfastError("STORE_UNFIT", `the object storage does not ${lacks.join(", nor ")}`);
};
