import type { Task } from "../task.ts";
import type { TaskState } from "../task-state.ts";
import type { WorkDeps } from "../work-deps.ts";

/** One line for a task's change of state, and a nudge to whoever watches its session. */
export const tellMove = (deps: Pick<WorkDeps, "log" | "changes">, task: Task, to: TaskState, reason?: string): void => {
  deps.log.info("task moved", {
    session: task.sessionId,
    task: task.taskId,
    vm: task.vmName,
    from: task.state,
    to,
    ...(reason === undefined ? {} : { reason }),
  });
  deps.changes.changed(task.sessionId);
};
