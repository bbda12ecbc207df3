import { derivedName, type SessionId } from "@holdfast/shared/ids/ids";
import { findJob } from "../database/jobs-table.ts";
import type { Session } from "../sessions/session.ts";
import type { OnSessionEnd } from "../sessions/step-session.ts";
import type { Task } from "../sessions/task.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { VerifiedVm } from "./maintenance.ts";
import { startMaintenance } from "./start-maintenance.ts";

/**
 * At the end of a session whose job asks for it, a session begins that reads the newest good points of its VMs back, one for each
 * repository (policy 21). Its id follows from the session's: beginning it again begins nothing.
 */
export const createJobVerification =
  (deps: WorkDeps): OnSessionEnd =>
  async (session, tasks) => {
    if (session.kind !== "backup" || session.wish === "cancel") return [];
    const job = await findJob(deps.database.queries, session.jobId);
    if (job?.verifyAfter !== true) return [];
    const begun: string[] = [];
    for (const [repositoryId, of] of Map.groupBy(tasks, (task) => task.repositoryId))
      begun.push(await begin(deps, session, { repositoryId, tasks: of }));
    const message = `${tasks.length} VMs have their newest good point read back: session ${begun.join(", ")}`;
    return begun.length === 0 ? [] : [{ level: "notice", code: "VERIFICATION_BEGUN", message, diskId: "" }];
  };

const begin = async (
  deps: WorkDeps,
  { sessionId, jobName, trigger, timeZone }: Session,
  { repositoryId, tasks }: { readonly repositoryId: string; readonly tasks: readonly Task[] },
): Promise<SessionId> =>
  await startMaintenance(deps, {
    sessionId: derivedName(12, "verify-after", sessionId, repositoryId) as SessionId,
    kind: "point-verify",
    repositoryId,
    title: `job ${jobName}, session ${sessionId}`,
    trigger,
    timeZone,
    request: { vms: tasks.map(toVm) },
  });

const toVm = ({ engineInstanceId, vmId, vmName, state, pointId }: Task): VerifiedVm => ({
  engineInstanceId,
  vmId,
  vmName,
  pointId: state === "succeeded" ? pointId : "",
  found: null,
});
