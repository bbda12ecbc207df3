import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { changeSession, findSession } from "../database/sessions-table.ts";
import { listTasksOfSession } from "../database/tasks-table.ts";
import { type Remark, withRemarks } from "./remark.ts";
import type { Session, Wish } from "./session.ts";
import type { TaskRunner } from "./task-runner.ts";
import type { WorkDeps } from "./work-deps.ts";

const asked = {
  stop: { level: "notice", code: "STOPPED", message: "an operator stopped it: no further VM is started", diskId: "" },
  cancel: { level: "notice", code: "CANCELLED", message: "an operator cancelled it", diskId: "" },
} as const satisfies Record<Exclude<Wish, "run">, Remark>;

/**
 * Notes what an operator wants of a session: `stop` lets the VMs under way finish and starts no more, `cancel` ends them too. A
 * cancelled one stays cancelled; an ended one is left as it is. NOT_FOUND for none.
 */
export const wishFor = async (
  deps: Pick<WorkDeps, "database" | "changes" | "log"> & { readonly runner: Pick<TaskRunner, "poke" | "interrupt"> },
  sessionId: string,
  wish: Exclude<Wish, "run">,
): Promise<Session> => {
  const session = await findSession(deps.database.queries, sessionId);
  if (session === undefined)
    throw new HoldfastError("NOT_FOUND", `no session ${sessionId}`, { details: { session: sessionId } });
  if (session.state === "ended" || session.wish === "cancel" || session.wish === wish) return session;
  await changeSession(deps.database.queries, sessionId, { wish, remarks: withRemarks(session.remarks, [asked[wish]]) });
  deps.log.info("session is to end", { session: sessionId, wish });
  for (const task of await listTasksOfSession(deps.database.queries, sessionId)) {
    if (wish === "cancel" && (task.state === "preparing" || task.state === "pending"))
      deps.runner.interrupt(task.taskId);
    else deps.runner.poke(task.taskId);
  }
  deps.changes.changed(sessionId);
  return { ...session, wish };
};
