import type { SessionId, TaskId } from "@holdfast/shared/ids/ids";
import * as z from "zod";
import { backupPlanSchema } from "../sessions/backup-plan.ts";
import { diskTotalsSchema } from "../sessions/disk-totals.ts";
import { remarkSchema } from "../sessions/remark.ts";
import { taskScopeSchema } from "../sessions/task-scope.ts";
import type { Task } from "../sessions/task.ts";
import { type TaskState, holdingStates, openTaskStates, taskStates } from "../sessions/task-state.ts";
import type { Queries } from "./database.ts";
import { fromJson, toJson } from "./json.ts";
import type { TaskRow } from "./schema.ts";

const toRow = (task: Task): TaskRow => ({
  task_id: task.taskId,
  session_id: task.sessionId,
  kind: task.scope.kind,
  position: task.position,
  manager_id: task.managerId,
  engine_instance_id: task.engineInstanceId,
  cluster_id: task.clusterId,
  vm_id: task.vmId,
  vm_name: task.vmName,
  repository_id: task.repositoryId,
  state: task.state,
  doing: task.doing,
  scope: toJson(task.scope),
  plan: task.plan === null ? null : toJson(task.plan),
  placement: task.placement,
  queued_ms: task.queuedMs,
  not_before_ms: task.notBeforeMs,
  result: task.result,
  point_id: task.pointId,
  restored_vm_id: task.restoredVmId,
  restored_vm_name: task.restoredVmName,
  remarks: toJson(task.remarks),
  totals: toJson(task.totals),
  started_ms: task.startedMs,
  ended_ms: task.endedMs,
});

const fromRow = (row: TaskRow): Task => ({
  taskId: row.task_id as TaskId,
  sessionId: row.session_id as SessionId,
  position: row.position,
  managerId: row.manager_id,
  engineInstanceId: row.engine_instance_id,
  clusterId: row.cluster_id,
  vmId: row.vm_id,
  vmName: row.vm_name,
  repositoryId: row.repository_id,
  state: taskStates.parse(row.state),
  doing: row.doing,
  scope: fromJson(taskScopeSchema, row.scope, "tasks.scope"),
  plan: row.plan === null ? null : fromJson(backupPlanSchema, row.plan, "tasks.plan"),
  placement: row.placement,
  queuedMs: row.queued_ms,
  notBeforeMs: row.not_before_ms,
  result: z.enum(["success", "warning", "failed", "cancelled"]).nullable().parse(row.result),
  pointId: row.point_id,
  restoredVmId: row.restored_vm_id,
  restoredVmName: row.restored_vm_name,
  remarks: fromJson(z.array(remarkSchema), row.remarks, "tasks.remarks"),
  totals: fromJson(z.array(diskTotalsSchema), row.totals, "tasks.totals"),
  startedMs: row.started_ms,
  endedMs: row.ended_ms,
});

/** Writes a new task; one of this id that is there already is left as it is. */
export const insertTask = async (queries: Queries, task: Task): Promise<void> => {
  await queries
    .insertInto("tasks")
    .values(toRow(task))
    .onConflict((conflict) => conflict.column("task_id").doNothing())
    .execute();
};

export const findTask = async (queries: Queries, taskId: string): Promise<Task | undefined> => {
  const row = await queries.selectFrom("tasks").selectAll().where("task_id", "=", taskId).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** In their order in the session. */
export const listTasksOfSession = async (queries: Queries, sessionId: string): Promise<readonly Task[]> => {
  const rows = await queries
    .selectFrom("tasks")
    .selectAll()
    .where("session_id", "=", sessionId)
    .orderBy("position")
    .execute();
  return rows.map(fromRow);
};

/** Tasks that are not final. */
export const listOpenTasks = async (queries: Queries): Promise<readonly Task[]> => {
  const rows = await queries.selectFrom("tasks").selectAll().where("state", "in", openTaskStates).execute();
  return rows.map(fromRow);
};

/** The task whose attempt is open on this VM, so that no other may start on it; undefined when it is free. */
export const findTaskHolding = async (
  queries: Queries,
  vm: { readonly engineInstanceId: string; readonly vmId: string },
): Promise<Task | undefined> => {
  const row = await queries
    .selectFrom("tasks")
    .selectAll()
    .where("state", "in", holdingStates)
    .where("engine_instance_id", "=", vm.engineInstanceId)
    .where("vm_id", "=", vm.vmId)
    .executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** What of a task may change; identity and scope never do. */
export type TaskChange = Partial<
  Pick<
    Task,
    | "clusterId"
    | "vmName"
    | "doing"
    | "plan"
    | "placement"
    | "queuedMs"
    | "notBeforeMs"
    | "result"
    | "pointId"
    | "restoredVmId"
    | "restoredVmName"
    | "remarks"
    | "totals"
    | "startedMs"
    | "endedMs"
  >
>;

/** Changes a task without moving it. */
export const changeTask = async (queries: Queries, taskId: string, change: TaskChange): Promise<void> => {
  const row = toChangedRow(change);
  if (Object.keys(row).length === 0) return;
  await queries.updateTable("tasks").set(row).where("task_id", "=", taskId).execute();
};

/** Moves a task from the state it was read in; false when another step was there first. */
export const moveTask = async (
  queries: Queries,
  task: Pick<Task, "taskId" | "state">,
  to: TaskState,
  change: TaskChange = {},
): Promise<boolean> => {
  taskStates.assertMove(task.state, to);
  const result = await queries
    .updateTable("tasks")
    .set({ ...toChangedRow(change), state: to })
    .where("task_id", "=", task.taskId)
    .where("state", "=", task.state)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
};

const columns = {
  clusterId: "cluster_id",
  vmName: "vm_name",
  doing: "doing",
  plan: "plan",
  placement: "placement",
  queuedMs: "queued_ms",
  notBeforeMs: "not_before_ms",
  result: "result",
  pointId: "point_id",
  restoredVmId: "restored_vm_id",
  restoredVmName: "restored_vm_name",
  remarks: "remarks",
  totals: "totals",
  startedMs: "started_ms",
  endedMs: "ended_ms",
} as const satisfies Record<keyof TaskChange, keyof TaskRow>;

const toChangedRow = (change: TaskChange): Partial<TaskRow> =>
  Object.fromEntries(
    Object.entries(change)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        columns[name as keyof TaskChange],
        value !== null && typeof value === "object" ? toJson(value) : value,
      ]),
  );
