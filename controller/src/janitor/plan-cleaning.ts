import type { Transfer } from "../hypervisor/transfers.ts";
import { type Owner, markOf, parseMark } from "../hypervisor/marks.ts";
import type { Survey, SurveyedCapture, SurveyedVm } from "../hypervisor/survey.ts";
import type { CleaningAction, CleaningPlan } from "./cleaning-actions.ts";
import { countLocked, planSnapshots } from "./plan-snapshots.ts";
import { planRestoreLeftovers } from "./plan-restore-leftovers.ts";

/** What we know by ourselves. Read it **after** the survey: then whatever the survey found was journaled before. */
export interface Known {
  /** Attempts that may be working: nothing of theirs is touched. */
  readonly liveOwners: readonly Owner[];
  /** Attempts whose fence was not answered: their checkpoints stay (A7). */
  readonly uncertainOwners: readonly Owner[];
  /** Restores that succeeded: what they made is the user's, at most a mark is left on it. */
  readonly succeededOwners: readonly Owner[];
  /** Transfers of the journal with their owners. */
  readonly transferOwners: ReadonlyMap<string, Owner>;
  /** Snapshots that captures of ours named, or that we made, of the journal, with their owners. */
  readonly snapshotOwners: ReadonlyMap<string, Owner>;
  /** Guests that the journal says were asked to hold still and not yet thawed. */
  readonly heldGuests: readonly HeldGuest[];
  /**
   * Per VM id the checkpoints that its newest good point in any repository names. A VM that is missing here keeps all of
   * its checkpoints: nobody knows.
   */
  readonly neededCheckpoints: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A guest that somebody has to thaw. */
export interface HeldGuest {
  readonly vmId: string;
  readonly owner: Owner;
}

/** A survey put beside what is known, with quick answers. */
export interface Look {
  readonly found: Survey;
  readonly known: Known;
  /** The owner of a mark of this installation; undefined for everything else. */
  readonly ownerOf: (description: string) => Owner | undefined;
  readonly isLive: (owner: Owner) => boolean;
  readonly succeeded: (owner: Owner) => boolean;
  readonly isUncertain: (owner: Owner) => boolean;
}

/**
 * Decides what of an engine is ours and belongs to no live attempt, and in which order it goes: guests that hold still → fence →
 * transfers → captures → snapshots → what restores left → checkpoints (R6). Pure. Touches nothing whose mark is not of this
 * installation and which no object of ours or journal row names.
 */
export const planCleaning = (found: Survey, known: Known, installationId: string): CleaningPlan => {
  const look = lookAt(found, known, installationId);
  const transfers = planTransfers(look);
  const captures = found.vms.flatMap((vm) => planCaptures(look, vm));
  const snapshots = found.vms.map((vm) => planSnapshots(look, vm, vm.captures.some(isOpen)));
  const restores = planRestoreLeftovers(look);
  const checkpoints = found.vms.flatMap((vm) => planCheckpoints(look, vm));

  const reach = [...transfers, ...captures, ...snapshots.flatMap(({ readers }) => readers), ...restores.actions];
  const rest = [...snapshots.flatMap(({ actions }) => actions), ...restores.actions, ...checkpoints];
  return {
    actions: [...planThaws(look), ...fencesFor(reach), ...transfers, ...captures, ...rest],
    left: [...snapshots.flatMap(({ left }) => left), ...restores.left],
    ending: found.vms.reduce((sum, vm) => sum + countEnding(look, vm), 0),
  };
};

const lookAt = (found: Survey, known: Known, installationId: string): Look => {
  const live = new Set(known.liveOwners.map(markOf));
  const succeeded = new Set(known.succeededOwners.map(markOf));
  const uncertain = new Set(known.uncertainOwners.map(markOf));
  return {
    found,
    known,
    ownerOf: (description) => {
      const owner = parseMark(description);
      return owner?.installationId === installationId ? owner : undefined;
    },
    isLive: (owner) => live.has(markOf(owner)),
    succeeded: (owner) => succeeded.has(markOf(owner)),
    isUncertain: (owner) => uncertain.has(markOf(owner)),
  };
};

/** One fence per owner of something that still reaches data, before anything of it is closed (A3, A8). */
const fencesFor = (actions: readonly CleaningAction[]): readonly CleaningAction[] => {
  const owners = new Map<string, Owner>();
  for (const action of actions) {
    if (action.owner !== undefined && action.kind !== "unmark-disk" && action.kind !== "unmark-vm") {
      owners.set(markOf(action.owner), action.owner);
    }
  }
  return [...owners.values()].map((owner) => ({
    kind: "fence",
    owner,
    reason: "it is not live and left things behind",
  }));
};

const isOpen = ({ phase }: SurveyedCapture): boolean => phase !== "succeeded" && phase !== "failed";

const planTransfers = (look: Look): readonly CleaningAction[] => {
  const ownersByDisk = ownersOfDisks(look);
  return look.found.transfers.flatMap((transfer): readonly CleaningAction[] => {
    const owner = ownerOfTransfer(look, ownersByDisk, transfer);
    if (owner === undefined || look.isLive(owner) || look.succeeded(owner)) return [];
    const { id: transferId, direction } = transfer;
    const reason = look.known.transferOwners.has(transferId)
      ? "the journal names it"
      : "its disk is frozen or made by us";
    return [{ kind: "close-transfer", transferId, direction, owner, reason }];
  });
};

interface DiskOwners {
  /** Disks in open captures of ours. */
  readonly frozen: ReadonlyMap<string, Owner>;
  /** Disks that carry our mark. */
  readonly made: ReadonlyMap<string, Owner>;
}

const ownersOfDisks = ({ found, ownerOf }: Look): DiskOwners => {
  const frozen = new Map<string, Owner>();
  for (const capture of found.vms.flatMap(({ captures }) => captures).filter(isOpen)) {
    const owner = ownerOf(capture.description);
    if (owner !== undefined) for (const diskId of capture.diskIds) frozen.set(diskId, owner);
  }
  const made = new Map<string, Owner>();
  for (const disk of found.markedDisks) {
    const owner = ownerOf(disk.description);
    if (owner !== undefined) made.set(disk.id, owner);
  }
  return { frozen, made };
};

/** A frozen disk is read, one of ours is written: a transfer the other way is somebody else's. */
const ownerOfTransfer = (look: Look, owners: DiskOwners, transfer: Transfer): Owner | undefined => {
  const journaled = look.known.transferOwners.get(transfer.id);
  if (journaled !== undefined || transfer.diskId === undefined) return journaled;
  return (transfer.direction === "download" ? owners.frozen : owners.made).get(transfer.diskId);
};

const planCaptures = (look: Look, { vm, captures }: SurveyedVm): readonly CleaningAction[] =>
  captures.flatMap((capture): readonly CleaningAction[] => {
    const owner = look.ownerOf(capture.description);
    // One that is ending ends by itself; the next pass sees what it left.
    if (owner === undefined || look.isLive(owner) || !isOpen(capture) || capture.phase === "finalizing") return [];
    const reason = `it is ${capture.phase} and nobody works on it`;
    const snapshotId = capture.snapshotId;
    return [{ kind: "end-capture", vmId: vm.id, captureId: capture.id, snapshotId, owner, reason }];
  });

/** Captures that are finalizing and snapshots that are locked: either may still fail and leave something. */
const countEnding = (look: Look, vm: SurveyedVm): number => {
  const isOurs = (owner: Owner | undefined): boolean => owner !== undefined && !look.isLive(owner);
  const ending = vm.captures.filter(
    ({ phase, description }) => phase === "finalizing" && isOurs(look.ownerOf(description)),
  );
  return ending.length + countLocked(look, vm);
};

const planThaws = (look: Look): readonly CleaningAction[] =>
  look.known.heldGuests
    .filter(({ owner }) => !look.isLive(owner))
    .map(({ vmId, owner }) => ({ kind: "thaw-guest", vmId, owner, reason: "it holds still for nobody" }));

const planCheckpoints = (look: Look, { vm, captures, checkpoints }: SurveyedVm): readonly CleaningAction[] => {
  const needed = look.known.neededCheckpoints.get(vm.id);
  // While any capture runs the engine refuses; the next pass comes.
  if (needed === undefined || captures.some(isOpen)) return [];
  return checkpoints.flatMap((checkpoint): readonly CleaningAction[] => {
    const owner = look.ownerOf(checkpoint.description);
    if (owner === undefined || look.isLive(owner) || look.isUncertain(owner) || needed.has(checkpoint.id)) return [];
    const reason = "no newest good point names it";
    return [{ kind: "remove-checkpoint", vmId: vm.id, checkpointId: checkpoint.id, owner, reason }];
  });
};
