import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { KeyList } from "@holdfast/shared/keys/key-list";
import { unlock } from "@holdfast/shared/keys/master-key";
import type { KeyProof, MasterKey } from "@holdfast/shared/keys/wrap-key";
import { readDescriptor } from "./descriptor.ts";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { highestEpoch } from "./epoch.ts";
import { appendKeyList, readKeyList } from "./key-log.ts";

/** Makes the next key list from the present one. */
export type KeyChange = (what: MasterKey, list: KeyList) => Promise<KeyList> | KeyList;

/**
 * Changes the keys of a bare repository, whether or not a server owns it: the log of keys is appended to, and nothing else. KEY_WRONG,
 * FAILED_PRECONDITION where nothing is encrypted, ALREADY_EXISTS when someone else changed them at the same time.
 */
export const changeKeys = async (
  directory: string,
  { proof, clock }: { readonly proof: KeyProof; readonly clock: Clock },
  change: KeyChange,
): Promise<KeyList> => {
  await using objects = new DirectoryObjectStore(directory);
  const { repositoryId, encryption } = await readDescriptor(objects, ["read", "write"]);
  const list = await readKeyList(objects);
  if (encryption === undefined || list === undefined)
    throw new HoldfastError("FAILED_PRECONDITION", `repository ${repositoryId} is not encrypted`);
  const next = await change(await unlock({ repositoryId, encryption }, list, proof), list);
  await appendKeyList(objects, next, { repositoryId, epoch: await highestEpoch(objects), writtenMs: clock.nowMs() });
  return next;
};
