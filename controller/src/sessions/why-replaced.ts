import type { Task } from "./task.ts";
import type { WorkDeps } from "./work-deps.ts";

/** Why a task is not done while another engine answers in the place of its own; undefined for copies, in which no engine has a part. */
export const whyReplaced = (
  { scope, managerId }: Pick<Task, "scope" | "managerId">,
  managers: WorkDeps["managers"],
): string | undefined => {
  const manager = scope.kind === "copy" ? undefined : managers.find(managerId);
  return manager?.condition.state === "replaced"
    ? `manager ${manager.record.name}: ${manager.condition.reason}`
    : undefined;
};
