import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Capture, Checkpoint } from "./captures.ts";
import type { AttachedDisk, Disk, Snapshot, Vm } from "./inventory.ts";
import type { Transfer } from "./transfers.ts";

/** What a survey looks at. */
export interface SurveyScope {
  /** Start of the descriptions to look for (`markPrefixOf`). */
  readonly markPrefix: string;
}

/** What one VM has that might be ours. */
export interface SurveyedVm {
  readonly vm: Pick<Vm, "id" | "name" | "status" | "description"> & {
    readonly disks: readonly Pick<AttachedDisk, "id">[];
  };
  readonly captures: readonly SurveyedCapture[];
  readonly checkpoints: readonly Checkpoint[];
  readonly snapshots: readonly SurveyedSnapshot[];
  /** Why the three lists could not be read and are empty: nothing is known of what is in them. */
  readonly unread?: HoldfastError;
}

/** A snapshot; of those with the prefix in their description the engine's events are looked up. */
export interface SurveyedSnapshot extends Snapshot {
  /** True when events of the mark's correlation id tell that a snapshot of this VM was made under it (R6). */
  readonly isConfirmed: boolean;
}

/** A capture with the disks in it; those of another's or an ended one are not looked up. */
export interface SurveyedCapture extends Capture {
  readonly diskIds: readonly string[];
}

/** What may be ours on one engine at one moment. Telling what is and what of it must go is `planCleaning`'s. */
export interface Survey {
  readonly vms: readonly SurveyedVm[];
  /** Only transfers that are not over. */
  readonly transfers: readonly Transfer[];
  /** Disks whose description starts with the prefix. */
  readonly markedDisks: readonly Disk[];
}
