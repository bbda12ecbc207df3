import * as z from "zod";
import { type Worker, workerTestSchema } from "../workers/worker.ts";
import { workerDefinitionSchema } from "../workers/worker-definition.ts";
import { type WorkerState, workerStates } from "../workers/worker-state.ts";
import type { Queries } from "./database.ts";
import { fromJson, toJson } from "./json.ts";
import type { WorkerRow } from "./schema.ts";

const toRow = (worker: Worker): WorkerRow => ({
  worker_id: worker.workerId,
  name: worker.definition.name,
  manager_id: worker.definition.managerId,
  cluster_id: worker.definition.clusterId,
  definition: toJson(worker.definition),
  enabled: worker.enabled ? 1 : 0,
  state: worker.state,
  moved_ms: worker.movedMs,
  doing: worker.doing,
  unhealthy_reason: worker.unhealthyReason,
  unhealthy_ms: worker.unhealthyMs,
  vm_id: worker.vmId,
  disk_id: worker.diskId,
  generation: worker.generation,
  pending: worker.pending,
  removing: worker.removing ? 1 : 0,
  test: worker.test === null ? null : toJson(worker.test),
  created_ms: worker.createdMs,
});

const fromRow = (row: WorkerRow): Worker => ({
  workerId: row.worker_id,
  definition: fromJson(workerDefinitionSchema, row.definition, "workers.definition"),
  enabled: row.enabled === 1,
  state: workerStates.parse(row.state),
  movedMs: row.moved_ms,
  doing: row.doing,
  unhealthyReason: row.unhealthy_reason,
  unhealthyMs: row.unhealthy_ms,
  vmId: row.vm_id,
  diskId: row.disk_id,
  generation: row.generation,
  pending: z.enum(["none", "reshape", "remake"]).parse(row.pending),
  removing: row.removing === 1,
  test: row.test === null ? null : fromJson(workerTestSchema, row.test, "workers.test"),
  createdMs: row.created_ms,
});

/** Writes a new worker. */
export const insertWorker = async (queries: Queries, worker: Worker): Promise<void> => {
  await queries.insertInto("workers").values(toRow(worker)).execute();
};

/** All workers, by name. */
export const listWorkers = async (queries: Queries): Promise<readonly Worker[]> =>
  (await queries.selectFrom("workers").selectAll().orderBy("name").execute()).map(fromRow);

/** A worker by its id; undefined for none. */
export const findWorker = async (queries: Queries, workerId: string): Promise<Worker | undefined> => {
  const row = await queries.selectFrom("workers").selectAll().where("worker_id", "=", workerId).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** Deletes the row alone: what the worker has on the engine has to be gone by then. */
export const deleteWorker = async (queries: Queries, workerId: string): Promise<void> => {
  await queries.deleteFrom("workers").where("worker_id", "=", workerId).execute();
};

/** What of a worker may change without a move. */
export type WorkerChange = Partial<Omit<Worker, "workerId" | "state" | "movedMs" | "createdMs">>;

/** Changes a worker without moving it. */
export const changeWorker = async (queries: Queries, worker: Worker, change: WorkerChange): Promise<void> => {
  const row = changedRow(worker, change);
  if (Object.keys(row).length === 0) return;
  await queries.updateTable("workers").set(row).where("worker_id", "=", worker.workerId).execute();
};

/** Moves a worker from the state it was read in; false when another step was there first. */
export const moveWorker = async (
  queries: Queries,
  worker: Worker,
  to: WorkerState,
  change: WorkerChange & { readonly movedMs: number },
): Promise<boolean> => {
  workerStates.assertMove(worker.state, to, worker.workerId);
  const { movedMs, ...rest } = change;
  const result = await queries
    .updateTable("workers")
    .set({ ...changedRow(worker, rest), state: to, moved_ms: movedMs })
    .where("worker_id", "=", worker.workerId)
    .where("state", "=", worker.state)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
};

/** Only the columns that the change names: what an operator wrote meanwhile into others stays. */
const changedRow = (worker: Worker, change: WorkerChange): Partial<WorkerRow> => {
  const row = toRow({ ...worker, ...change });
  const columns = Object.keys(change).flatMap((field) => columnsOf[field as keyof WorkerChange]);
  return Object.fromEntries(columns.map((column) => [column, row[column]]));
};

const columnsOf = {
  definition: ["definition", "name", "manager_id", "cluster_id"],
  enabled: ["enabled"],
  doing: ["doing"],
  unhealthyReason: ["unhealthy_reason"],
  unhealthyMs: ["unhealthy_ms"],
  vmId: ["vm_id"],
  diskId: ["disk_id"],
  generation: ["generation"],
  pending: ["pending"],
  removing: ["removing"],
  test: ["test"],
} as const satisfies Record<keyof WorkerChange, readonly (keyof WorkerRow)[]>;
