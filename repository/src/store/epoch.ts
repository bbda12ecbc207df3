import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Clock } from "@holdfast/shared/clock/clock";
import { toHex } from "@holdfast/shared/format/content-id";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { z } from "zod";
import { epochName, epochsFolder, parseNumberedName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import { decodeSmallObject, encodeSmallObject, type SmallObjectKind } from "./small-object.ts";

const bodySchema = z.strictObject({
  epoch: z.int().min(1),
  owner: z.string().max(255),
  token: z.string().regex(/^[0-9a-f]{32}$/),
  startedMs: z.int(),
});

/** One ownership of the repository; `token` is random, so that a repository put back to an earlier state is noticed. */
export type Epoch = z.infer<typeof bodySchema>;

/** The kind of objects under `epochs/`. */
export const epochKind: SmallObjectKind<typeof bodySchema> = { kind: "epoch", body: bodySchema };

/** What taking a repository over needs. */
export interface EpochTaker {
  readonly repositoryId: RepositoryId;
  readonly owner: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

const attempts = 16;

/** The highest epoch there is; 0 for none. */
export const highestEpoch = async (objects: ObjectStore): Promise<number> => {
  let highest = 0;
  for await (const name of objects.list(epochsFolder)) highest = Math.max(highest, parseNumberedName(name) ?? 0);
  return highest;
};

/** R13: owns the repository by creating the next epoch; REPOSITORY_NOT_OWNED when others keep being quicker. */
export const takeEpoch = async (objects: ObjectStore, taker: EpochTaker): Promise<Epoch> => {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const epoch: Epoch = {
      epoch: (await highestEpoch(objects)) + 1,
      owner: taker.owner,
      token: toHex(taker.random(16)),
      startedMs: taker.clock.nowMs(),
    };
    const bytes = encodeSmallObject(epochKind, taker.repositoryId, epoch);
    if ((await objects.putIfAbsent(epochName(epoch.epoch), bytes)) === "created") return epoch;
  }
  throw new HoldfastError("REPOSITORY_NOT_OWNED", "other servers keep taking the repository over");
};

/** The epoch of that number; undefined when there is none. */
export const readEpoch = async (
  objects: ObjectStore,
  repositoryId: RepositoryId,
  epoch: number,
): Promise<Epoch | undefined> => {
  const name = epochName(epoch);
  try {
    return decodeSmallObject(epochKind, await objects.get(name), { name, repositoryId, says: { epoch } }).value;
  } catch (caught) {
    if (caught instanceof HoldfastError && caught.code === "NOT_FOUND") return undefined;
    throw caught;
  }
};
