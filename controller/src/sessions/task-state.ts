import { defineStates } from "@holdfast/shared/states/transitions";

/** The states of a task as `docs/design/attempts.md` names them; `docs/design/task-states.md` is generated from this table. */
export const taskStates = defineStates("task", {
  pending: ["waiting", "failed", "cancelled"],
  waiting: ["preparing", "failed", "cancelled"],
  preparing: ["running", "settling"],
  running: ["settling"],
  settling: ["uncertain", "waiting", "succeeded", "failed", "cancelled"],
  uncertain: ["settling"],
  succeeded: [],
  failed: [],
  cancelled: [],
});

/** One state of a task. */
export type TaskState = (typeof taskStates.names)[number];

/** States in which an attempt is open: the VM belongs to this task and to no other. */
export const holdingStates = ["preparing", "running", "settling", "uncertain"] as const satisfies readonly TaskState[];

/** States in which something is still to be done. */
export const openTaskStates = ["pending", "waiting", ...holdingStates] as const satisfies readonly TaskState[];
