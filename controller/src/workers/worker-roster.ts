import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Database, Queries } from "../database/database.ts";
import {
  type WorkerChange,
  changeWorker,
  deleteWorker,
  findWorker,
  insertWorker,
  listWorkers,
  moveWorker,
} from "../database/workers-table.ts";
import type { PendingChange, Worker, WorkerTest } from "./worker.ts";
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
  /**
   * Changes what is kept of a worker's test together with what else `step` writes, in one transaction; `step` gets the worker
   * as it is now, and what it found is answered. NOT_FOUND when the worker is gone.
   */
  changeTest<Found>(workerId: string, step: TestStep<Found>): Promise<Found>;
  /** Notes what is left to be done so that the VM is what this definition says; nothing when it was changed meanwhile. */
  note(worker: Worker, pending: PendingChange): Promise<Worker>;
  remove(workerId: string): Promise<void>;
}

/** One change of a worker's test, as part of a transaction; answers the test as it is to be. */
export type TestStep<Found> = (
  queries: Queries,
  worker: Worker,
) => Promise<{ readonly test: WorkerTest | null; readonly found: Found }>;

/** Opens the roster with the workers of the database. */
export const openWorkerRoster = async (database: Database): Promise<WorkerRoster> => {
  const { queries } = database;
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
    ...transactionsOf(database, reread),
  };
};

/** Changes that read and write in one transaction. */
const transactionsOf = (
  database: Database,
  reread: (workerId: string) => Promise<Worker>,
): Pick<WorkerRoster, "changeTest" | "note"> => ({
  changeTest: async (workerId, step) => {
    const answer = await database.inTransaction(async (inside) => {
      const worker = await findWorker(inside, workerId);
      if (worker === undefined) throw noWorker(workerId);
      const { test, found } = await step(inside, worker);
      await changeWorker(inside, worker, { test });
      return found;
    });
    await reread(workerId);
    return answer;
  },
  note: async ({ workerId, definition }, pending) => {
    await database.inTransaction(async (inside) => {
      const worker = await findWorker(inside, workerId);
      const isSame = JSON.stringify(worker?.definition) === JSON.stringify(definition);
      if (worker !== undefined && isSame) await changeWorker(inside, worker, { pending });
    });
    return reread(workerId);
  },
});

const noWorker = (idOrName: string): HoldfastError =>
  new HoldfastError("NOT_FOUND", `no worker ${idOrName}`, { details: { worker: idOrName } });
