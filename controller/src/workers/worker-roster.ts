import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Database } from "../database/database.ts";
import {
  type WorkerChange,
  changeWorker,
  deleteWorker,
  findWorker,
  insertWorker,
  listWorkers,
  moveWorker,
} from "../database/workers-table.ts";
import type { Worker } from "./worker.ts";
import type { WorkerState } from "./worker-state.ts";

/** The workers, durable in the database and at hand in memory: every change is written before it is seen. */
export interface WorkerRoster {
  /** By name. */
  list(): readonly Worker[];
  find(workerId: string): Worker | undefined;
  /** By id or name; NOT_FOUND for none. */
  get(idOrName: string): Worker;
  /** ALREADY_EXISTS when there is one of this name. */
  add(worker: Worker): Promise<Worker>;
  change(worker: Worker, change: WorkerChange): Promise<Worker>;
  /** False when another step was there first. */
  move(worker: Worker, to: WorkerState, change: WorkerChange & { readonly movedMs: number }): Promise<boolean>;
  remove(workerId: string): Promise<void>;
}

/** Opens the roster with the workers of the database. */
export const openWorkerRoster = async ({ queries }: Pick<Database, "queries">): Promise<WorkerRoster> => {
  const workers = new Map((await listWorkers(queries)).map((worker) => [worker.workerId, worker]));
  const list = (): readonly Worker[] =>
    [...workers.values()].sort((left, right) => left.definition.name.localeCompare(right.definition.name));
  const reread = async (workerId: string): Promise<Worker> => {
    const worker = await findWorker(queries, workerId);
    if (worker === undefined) throw noWorker(workerId);
    workers.set(workerId, worker);
    return worker;
  };
  const refuseTaken = (name: string, workerId: string): void => {
    const other = list().find((one) => one.definition.name === name && one.workerId !== workerId);
    if (other !== undefined) throw new HoldfastError("ALREADY_EXISTS", `there is a worker ${name}`);
  };
  return {
    list,
    find: (workerId) => workers.get(workerId),
    get: (idOrName) => {
      const found = workers.get(idOrName) ?? list().find(({ definition }) => definition.name === idOrName);
      if (found === undefined) throw noWorker(idOrName);
      return found;
    },
    add: async (worker) => {
      refuseTaken(worker.definition.name, worker.workerId);
      await insertWorker(queries, worker);
      return reread(worker.workerId);
    },
    change: async (worker, change) => {
      if (change.definition !== undefined) refuseTaken(change.definition.name, worker.workerId);
      await changeWorker(queries, worker, change);
      return reread(worker.workerId);
    },
    move: async (worker, to, change) => {
      const isMoved = await moveWorker(queries, worker, to, change);
      await reread(worker.workerId);
      return isMoved;
    },
    remove: async (workerId) => {
      await deleteWorker(queries, workerId);
      workers.delete(workerId);
    },
  };
};

const noWorker = (idOrName: string): HoldfastError =>
  new HoldfastError("NOT_FOUND", `no worker ${idOrName}`, { details: { worker: idOrName } });
