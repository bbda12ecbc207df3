import type { Clock } from "@holdfast/shared/clock/clock";
import type { Identity } from "@holdfast/shared/identity/identity";
import type { Whereabouts } from "../imageio/whereabouts.ts";
import type { DiskDesk } from "./disk-desk.ts";

/** What opening disks needs of the process and the attempt. */
export interface OpenDiskDeps {
  readonly desk: DiskDesk;
  readonly where: Whereabouts;
  /** Shown to an agent that lends a disk. */
  readonly identity: Identity;
  readonly clock: Clock;
  readonly taskId: string;
  readonly attemptId: string;
}
