import type { BusyPatience } from "../capture/waiting.ts";
import { changeTask } from "../database/tasks-table.ts";
import type { Task } from "../sessions/task.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";

/** How long a claimed task waits for a VM that became busy since preflight: its agent's slot waits too. */
const deadlineMs = 120_000;

/** The patience of an attempt with a busy VM; its task shows what is waited for, once for each reason. */
export const busyPatience = (
  { database, changes }: Pick<WorkDeps, "database" | "changes">,
  { taskId, sessionId, vmId }: Pick<Task, "taskId" | "sessionId" | "vmId">,
): BusyPatience => {
  let told = "";
  return {
    what: `vm ${vmId}`,
    deadlineMs,
    onBusy: async ({ message }) => {
      if (message === told) return;
      told = message;
      await changeTask(database.queries, taskId, { doing: `waits: ${message}` });
      changes.changed(sessionId);
    },
  };
};
