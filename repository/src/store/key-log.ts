import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
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

/** The highest key list; undefined where there is none: the repository is not encrypted. */
export const readKeyList = async (objects: ObjectStore): Promise<KeyList | undefined> => {
  let highest = 0;
  for await (const name of objects.list(keysFolder)) highest = Math.max(highest, parseKeyListName(name) ?? 0);
  if (highest === 0) return undefined;
  const name = keyListName(highest);
  const {
    epoch: _epoch,
    writtenMs: _writtenMs,
    ...list
  } = decodeSmallObject(keyListKind, await objects.get(name), name).value;
  return list;
};

/** Who writes a key list, and when. */
export interface KeyListOrigin {
  readonly repositoryId: RepositoryId;
  readonly epoch: number;
  readonly writtenMs: number;
}

/**
 * Appends a key list to the log; durable when it resolves. FAILED_PRECONDITION when it does not follow the highest one,
 * ALREADY_EXISTS when someone else was quicker.
 */
export const appendKeyList = async (
  objects: ObjectStore,
  list: KeyList,
  { repositoryId, epoch, writtenMs }: KeyListOrigin,
): Promise<void> => {
  checkFollows(list, await readKeyList(objects));
  const bytes = encodeSmallObject(keyListKind, repositoryId, { ...list, epoch, writtenMs });
  const name = keyListName(list.number);
  if ((await objects.putIfAbsent(name, bytes)) === "created") return;
  // The first answer to a repeated write may have been lost.
  if (equalBytes(await objects.get(name), bytes)) return;
  throw new HoldfastError("ALREADY_EXISTS", `key list ${list.number} was written by someone else: look again`);
};
