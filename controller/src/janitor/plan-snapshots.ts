import type { Owner } from "../hypervisor/marks.ts";
import type { SurveyedCapture, SurveyedSnapshot, SurveyedVm } from "../hypervisor/survey.ts";
import type { CleaningAction, LeftAlone } from "./cleaning-actions.ts";
import type { Look } from "./plan-cleaning.ts";

/** What goes of the snapshots of one VM. */
export interface SnapshotsPlan {
  readonly actions: readonly CleaningAction[];
  readonly left: readonly LeftAlone[];
  /** Owners whose agents may still be reading what is removed: to be fenced before. */
  readonly readers: readonly CleaningAction[];
}

/**
 * A snapshot is ours when a capture of ours named it, or the journal does, or when it carries our mark and the engine's events
 * tell that we made it (R6). One that only carries the mark is named and left alone.
 */
export const planSnapshots = (look: Look, vm: SurveyedVm, isBusy: boolean): SnapshotsPlan => {
  const dead = vm.snapshots.filter(({ description }) => !isOfLive(look, description));
  const ownerOf = ownersOf(look, vm.captures);
  const actions = dead.flatMap((snapshot): readonly CleaningAction[] => {
    const owner = ownerOf(snapshot);
    if (owner === undefined || look.isLive(owner) || isBusy || !isRemovable(snapshot)) return [];
    const reason = isMarked(look, snapshot) ? "it is of a backup that nobody works on" : merged;
    return [{ kind: "remove-snapshot", vmId: vm.vm.id, snapshotId: snapshot.id, owner, reason }];
  });
  const marked = new Set(dead.filter((one) => isMarked(look, one)).map(({ id }) => id));
  return {
    actions,
    left: dead.filter((one) => marked.has(one.id) && ownerOf(one) === undefined).map(unproven),
    readers: actions.filter((action) => action.kind === "remove-snapshot" && marked.has(action.snapshotId)),
  };
};

/** Snapshots of ours that the engine is making or merging now. */
export const countLocked = (look: Look, { captures, snapshots }: SurveyedVm): number => {
  const ownerOf = ownersOf(look, captures);
  return snapshots.filter((one) => {
    const owner = ownerOf(one);
    return one.status === "locked" && owner !== undefined && !look.isLive(owner);
  }).length;
};

const merged = "an ended capture of ours named it: the engine failed to merge it";

const isRemovable = ({ type, status }: SurveyedSnapshot): boolean => type === "regular" && status === "ok";

const unproven = ({ id }: SurveyedSnapshot): LeftAlone => ({
  what: "snapshot",
  id,
  reason: "it carries our mark, but the engine's events do not say that we made it",
});

const isMarked = (look: Look, { description }: SurveyedSnapshot): boolean => look.ownerOf(description) !== undefined;

const isOfLive = (look: Look, description: string): boolean => {
  const owner = look.ownerOf(description);
  return owner !== undefined && look.isLive(owner);
};

const ownersOf = (
  look: Look,
  captures: readonly SurveyedCapture[],
): ((snapshot: SurveyedSnapshot) => Owner | undefined) => {
  const named = new Map(look.known.snapshotOwners);
  for (const { snapshotId, description } of captures) {
    const owner = look.ownerOf(description);
    if (snapshotId !== undefined && owner !== undefined) named.set(snapshotId, owner);
  }
  return ({ id, description, isConfirmed }) => named.get(id) ?? (isConfirmed ? look.ownerOf(description) : undefined);
};
