import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { DiskDesk } from "../disks/disk-desk.ts";
import type { Controller } from "./controller.ts";
import { askUntil } from "./ask-until.ts";
import type { Nudge } from "./nudge.ts";

/** What a desk works with; a loan is set where the disk is served to another agent. */
export interface AttemptDeskDeps {
  readonly controller: Controller;
  readonly attemptId: string;
  readonly loanId: string;
  readonly nudge: Nudge;
  readonly clock: Clock;
  readonly log: Logger;
}

const closeTimeoutMs = 5_000;

/** Asks the controller for the disks of one attempt (A11). */
export const createAttemptDesk = ({ controller, attemptId, loanId, nudge, clock, log }: AttemptDeskDeps): DiskDesk => ({
  open: ({ diskId, brokenTransferId, avoidedRoutes }, signal) =>
    askUntil(
      async (each) => {
        const asked = { attemptId, diskId, loanId, brokenTransferId, avoidedRoutes: [...avoidedRoutes] };
        const access = await controller.openDisk(asked, each);
        if (access.case === "image" || access.case === "loan") return access;
        if (access.case === "preparing") return undefined;
        throw new HoldfastError("UNIMPLEMENTED", `the controller answered nothing that is known about disk ${diskId}`);
      },
      { nudge, clock, signal },
    ),
  close: async (diskId, succeeded) => {
    try {
      await controller.closeDisk({ attemptId, diskId, succeeded, loanId }, clock.timeout(closeTimeoutMs));
    } catch (caught) {
      if (hasCode(caught, "ATTEMPT_UNKNOWN")) return;
      log.debug("closing a disk was not answered; the end of the attempt closes it", {
        attemptId,
        disk: diskId,
        err: caught,
      });
    }
  },
});
