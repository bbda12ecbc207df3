import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { KeyList } from "@holdfast/shared/keys/key-list";
import { unlock } from "@holdfast/shared/keys/master-key";
import type { KeyProof, MasterKey } from "@holdfast/shared/keys/wrap-key";
import { readDescriptor } from "./descriptor.ts";
import { highestEpoch } from "./epoch.ts";
import { appendKeyList, readKeyList } from "./key-log.ts";
import { openObjectStore } from "./open-object-store.ts";
import type { StoreLocation } from "./store-location.ts";

/** Makes the next key list from the present one. */
export type KeyChange = (what: MasterKey, list: KeyList) => Promise<KeyList> | KeyList;

/**
 * Changes the keys of a bare repository, whether or not a server owns it: the log of keys is appended to, and nothing else. KEY_WRONG,
 * FAILED_PRECONDITION where nothing is encrypted, ALREADY_EXISTS when someone else changed them at the same time.
 */
export const changeKeys = async (
  location: StoreLocation,
  { proof, clock }: { readonly proof: KeyProof; readonly clock: Clock },
  change: KeyChange,
): Promise<KeyList> => {
  await using objects = await openObjectStore(location, { clock });
  const { repositoryId, encryption } = await readDescriptor(objects, ["read", "write"]);
  const list = await readKeyList(objects);
  if (encryption === undefined || list === undefined)
    throw new HoldfastError("FAILED_PRECONDITION", `repository ${repositoryId} is not encrypted`);
  const next = await change(await unlock({ repositoryId, encryption }, list, proof), list);
  await appendKeyList(objects, next, { repositoryId, epoch: await highestEpoch(objects), writtenMs: clock.nowMs() });
  return next;
};
