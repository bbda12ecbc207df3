import { listOpenMaintenance } from "../database/maintenance-table.ts";
import { TaskRunner } from "../sessions/task-runner.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { createMaintenanceBoard, type MaintenanceBoard } from "./maintenance-board.ts";
import { operations } from "./operations.ts";
import { stepMaintenance } from "./step-maintenance.ts";

/** A repository that cannot be reached is waited for as long as that. */
const patienceMs = 30 * 60_000;

/** What runs sessions of maintenance, and what shows how far they are. */
export interface OpenMaintenance {
  /** Disposing it breaks them off; they begin again with the next controller. */
  readonly maintenanceRunner: TaskRunner;
  readonly board: MaintenanceBoard;
}

/** Runs sessions of maintenance. */
export const openMaintenance = (work: WorkDeps): OpenMaintenance => {
  const board = createMaintenanceBoard();
  const deps = { ...work, board, operations, patienceMs };
  const maintenanceRunner = new TaskRunner({
    name: "maintenance",
    clock: work.clock,
    log: work.log,
    list: async () => (await listOpenMaintenance(work.database.queries)).map(({ sessionId }) => sessionId),
    step: (sessionId, signal) => stepMaintenance(deps, sessionId, signal),
    sweepMs: work.settings.sweepMs,
  });
  return { maintenanceRunner, board };
};
