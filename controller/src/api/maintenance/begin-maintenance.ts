import { type MaintenanceStart, startMaintenance } from "../../maintenance/start-maintenance.ts";
import type { ApiDeps } from "../api-deps.ts";

/** Starts an operation that an operator asked for, and has it looked at at once. */
export const beginMaintenance = async (
  deps: ApiDeps,
  start: Omit<MaintenanceStart, "trigger" | "timeZone">,
): Promise<void> => {
  await startMaintenance(deps, { ...start, trigger: "operator", timeZone: deps.timeZone });
  deps.maintenanceRunner.poke(start.sessionId);
};
