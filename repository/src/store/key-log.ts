import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes } from "@holdfast/shared/format/content-id";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { checkFollows, type KeyList, keyListSchema } from "@holdfast/shared/keys/key-list";
import { z } from "zod";
import { keyListName, keysFolder, parseKeyListName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import { decodeSmallObject, encodeSmallObject, type SmallObjectKind } from "./small-object.ts";

const { number, activeKeyId, keyIds, wraps, code } = keyListSchema.shape;
const bodySchema = z.strictObject({
  number,
  /** 0 when no server wrote it. */
  epoch: z.int().nonnegative(),
  writtenMs: z.int(),
  activeKeyId,
  keyIds,
  wraps,
  code,
});

/** The kind of `keys/<n>`. */
export const keyListKind: SmallObjectKind<typeof bodySchema> = { kind: "keys", body: bodySchema };

/** What the log of keys says. */
export interface KeyLog {
  /** The highest number that there is, damaged or not: the next list has the next one. */
  readonly highest: number;
  /** The highest list that is whole; undefined when none is. */
  readonly list: KeyList | undefined;
  /** The number of the list below it, which nobody has looked at yet. */
  readonly below: number | undefined;
  /** Why those above it do not count. */
  readonly damaged: readonly HoldfastError[];
}

/** Reads the log down to the highest list that is whole; undefined where there is none at all: the repository is not encrypted. */
export const readKeyLog = async (objects: ObjectStore, repositoryId: RepositoryId): Promise<KeyLog | undefined> => {
  const numbers: number[] = [];
  for await (const name of objects.list(keysFolder)) numbers.push(parseKeyListName(name) ?? 0);
  const ordered = numbers.filter((found) => found > 0).sort((a, b) => b - a);
  const [highest] = ordered;
  if (highest === undefined) return undefined;
  const damaged: HoldfastError[] = [];
  for (const [place, found] of ordered.entries()) {
    const list = await readOne(objects, repositoryId, found);
    if (list instanceof HoldfastError) {
      damaged.push(list);
      continue;
    }
    return { highest, list, below: ordered[place + 1], damaged };
  }
  return { highest, list: undefined, below: undefined, damaged };
};

/**
 * Whether the list below the one that counts is whole and opens with the same secrets: then damage of one of them locks nobody out. A list
 * that cannot be read is no spare, and no failure.
 */
export const hasSpareList = async (
  objects: ObjectStore,
  repositoryId: RepositoryId,
  { list, below }: KeyLog,
): Promise<boolean> => {
  if (list === undefined || below === undefined) return false;
  try {
    const spare = await readOne(objects, repositoryId, below);
    return !(spare instanceof HoldfastError) && isSpareOf(list, spare);
  } catch {
    return false;
  }
};

const isSpareOf = (list: KeyList, spare: KeyList): boolean =>
  JSON.stringify([spare.activeKeyId, spare.keyIds, spare.wraps]) ===
  JSON.stringify([list.activeKeyId, list.keyIds, list.wraps]);

/** One list; the error that says why it does not count when it is damaged. */
const readOne = async (
  objects: ObjectStore,
  repositoryId: RepositoryId,
  found: number,
): Promise<KeyList | HoldfastError> => {
  const name = keyListName(found);
  // A copy under a higher number would bring a former password back.
  const place = { name, repositoryId, says: { number: found } };
  try {
    const { value } = decodeSmallObject(keyListKind, await objects.get(name), place);
    const { epoch: _epoch, writtenMs: _writtenMs, ...list } = value;
    return list;
  } catch (caught) {
    if (!hasCode(caught, "REPOSITORY_DAMAGED")) throw caught;
    return HoldfastError.from(caught);
  }
};

/** The highest whole list of an encrypted repository; REPOSITORY_DAMAGED when none is. */
export const requireKeyList = (repositoryId: RepositoryId, log: KeyLog | undefined): KeyList => {
  if (log?.list !== undefined) return log.list;
  const message = `the encrypted repository ${repositoryId} has no whole list of keys`;
  throw new HoldfastError("REPOSITORY_DAMAGED", message, { cause: log?.damaged[0] });
};

/** Who writes a key list, and when. */
export interface KeyListOrigin {
  readonly repositoryId: RepositoryId;
  readonly epoch: number;
  readonly writtenMs: number;
}

/**
 * Appends a key list to the log; durable when it resolves. FAILED_PRECONDITION when it does not follow what is there,
 * ALREADY_EXISTS when someone else was quicker.
 */
export const appendKeyList = async (
  objects: ObjectStore,
  list: KeyList,
  { repositoryId, epoch, writtenMs }: KeyListOrigin,
): Promise<void> => {
  const log = await readKeyLog(objects, repositoryId);
  checkFollows(list, log?.list, log?.highest ?? 0);
  const bytes = encodeSmallObject(keyListKind, repositoryId, { ...list, epoch, writtenMs });
  const name = keyListName(list.number);
  if ((await objects.putIfAbsent(name, bytes)) === "created") return;
  // The first answer to a repeated write may have been lost.
  if (equalBytes(await objects.get(name), bytes)) return;
  throw new HoldfastError("ALREADY_EXISTS", `key list ${list.number} was written by someone else: look again`);
};
