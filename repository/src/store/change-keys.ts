import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { KeyList } from "@holdfast/shared/keys/key-list";
import { twinOf, unlock } from "@holdfast/shared/keys/master-key";
import type { KeyProof, MasterKey } from "@holdfast/shared/keys/wrap-key";
import { readDescriptor } from "./descriptor.ts";
import { highestEpoch } from "./epoch.ts";
import { appendKeyList, readKeyLog, requireKeyList } from "./key-log.ts";
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
  if (encryption === undefined)
    throw new HoldfastError("FAILED_PRECONDITION", `repository ${repositoryId} is not encrypted`);
  const log = await readKeyLog(objects, repositoryId);
  const list = requireKeyList(repositoryId, log);
  const what = await unlock({ repositoryId, encryption }, list, proof);
  const next = await change(what, { ...list, number: log?.highest ?? list.number });
  const twin = twinOf(what, next);
  const origin = { repositoryId, epoch: await highestEpoch(objects), writtenMs: clock.nowMs() };
  await appendKeyList(objects, next, origin);
  try {
    await appendKeyList(objects, twin, origin);
    return twin;
  } catch (caught) {
    // Who was quicker wrote a list that follows ours: there are two again.
    if (hasCode(caught, "ALREADY_EXISTS", "FAILED_PRECONDITION")) return next;
    const { code, message } = HoldfastError.from(caught);
    const what = `list ${next.number} of keys is written and counts, its second copy is not: ${message}; do it again to have both`;
    throw new HoldfastError(code, what, { cause: caught });
  }
};
