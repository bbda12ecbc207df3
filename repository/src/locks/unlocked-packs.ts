import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { packName, type PackKey } from "../store/object-names.ts";
import type { RepositoryStore } from "../store/repository-store.ts";

const callsAtOnce = 8;
/** The storage's clock may be so much behind ours. */
const marginMs = 5 * 60_000;

/** Those of the packs that can be removed now; all of them where the storage cannot lock. */
export const unlockedPacks = async <Pack extends { readonly key: PackKey }>(
  { retention, guardedClock }: Pick<RepositoryStore, "retention" | "guardedClock">,
  packs: readonly Pack[],
  signal?: AbortSignal,
): Promise<readonly Pack[]> => {
  if (retention === undefined) return packs;
  const nowMs = guardedClock.deletionMs() - marginMs;
  const isFree = async ({ key }: Pack): Promise<boolean> => {
    try {
      return ((await retention.lockedUntil(packName(key))) ?? 0) <= nowMs;
    } catch (caught) {
      if (hasCode(caught, "NOT_FOUND")) return true;
      throw caught;
    }
  };
  const free = await mapBounded([...packs], callsAtOnce, isFree, signal);
  return packs.filter((_, index) => free[index]);
};
