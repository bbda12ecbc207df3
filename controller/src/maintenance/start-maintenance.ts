import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { SessionId } from "@holdfast/shared/ids/ids";
import { insertMaintenance } from "../database/maintenance-table.ts";
import { startSession } from "../sessions/start-session.ts";
import type { Session } from "../sessions/session.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { MaintenanceKind } from "./maintenance-kind.ts";
import { type MaintenanceRequest, maintenanceRequestSchema } from "./maintenance.ts";
import { operations } from "./operations.ts";

/** An operation on a repository to begin; the same session id begins one, however often it is asked for. */
export interface MaintenanceStart {
  readonly sessionId: SessionId;
  readonly kind: MaintenanceKind;
  readonly repositoryId: string;
  /** What it is about, for people: `repository main`. */
  readonly title: string;
  readonly trigger: Session["trigger"];
  readonly timeZone: string;
  readonly request?: Partial<MaintenanceRequest>;
}

/** Writes down what is to be done, then the session: one that was interrupted in between was never begun. */
export const startMaintenance = async (
  deps: Pick<WorkDeps, "database" | "clock" | "log" | "changes">,
  { sessionId, kind, repositoryId, title, trigger, timeZone, request = {} }: MaintenanceStart,
): Promise<SessionId> => {
  if (operations[kind] === undefined) throw new HoldfastError("INTERNAL", `no operation of kind ${kind}`);
  const whole = maintenanceRequestSchema.parse(request);
  await insertMaintenance(deps.database.queries, { sessionId, kind, repositoryId, request: whole });
  return await startSession(deps, { sessionId, kind, jobId: "", jobName: title, trigger, timeZone, tasks: [] });
};
