import type { MaintenanceKind } from "./maintenance-kind.ts";
import type { Operation } from "./operation.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { rescanRepository } from "./rescan-repository.ts";
import { verifyPoint } from "./verify-point.ts";
import { verifyRepository } from "./verify-repository.ts";

/** What each kind of session of maintenance does; a kind that does not stand here cannot be started. */
export const operations: Readonly<Partial<Record<MaintenanceKind, Operation>>> = {
  "repository-verify": verifyRepository,
  "repository-gc": collectGarbage,
  "point-verify": verifyPoint,
  "repository-rescan": rescanRepository,
};
