import { listOpenMaintenance } from "../database/maintenance-table.ts";
import { TaskRunner } from "../sessions/task-runner.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { MaintenanceBoard } from "./maintenance-board.ts";
import { operations } from "./operations.ts";
import { stepMaintenance } from "./step-maintenance.ts";

/** A repository that cannot be reached is waited for as long as that, from the session's start. */
const patienceMs = 30 * 60_000;

/** Runs sessions of maintenance; disposing it breaks them off, and they begin again with the next controller. */
export const openMaintenance = (work: WorkDeps, board: MaintenanceBoard): TaskRunner => {
  const deps = { ...work, board, operations, patienceMs };
  return new TaskRunner({
    name: "maintenance",
    clock: work.clock,
    log: work.log,
    list: async () => (await listOpenMaintenance(work.database.queries)).map(({ sessionId }) => sessionId),
    step: (sessionId, signal) => stepMaintenance(deps, sessionId, signal),
    sweepMs: work.settings.sweepMs,
  });
};
