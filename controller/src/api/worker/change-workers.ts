import type { AddWorkerRequest, EditWorkerRequest } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName } from "@holdfast/shared/ids/ids";
import { loseAttempt } from "../../agents/lose-attempt.ts";
import { attemptsOfWorker } from "../../workers/busy-workers.ts";
import { effectOfEdit } from "../../workers/edit-worker.ts";
import type { WorkerDefinition } from "../../workers/worker-definition.ts";
import { presentWorker } from "../../workers/present-worker.ts";
import { beginTest } from "../../workers/worker-test.ts";
import { newWorker, type Worker } from "../../workers/worker.ts";
import type { ApiDeps } from "../api-deps.ts";
import { readDefinition } from "./read-definition.ts";

/** Keeps a new worker; its VM is made when it is first needed or tested. */
export const addWorker = async (
  deps: ApiDeps,
  { definition: message }: AddWorkerRequest,
  signal: AbortSignal,
): Promise<Worker> => {
  const definition = await readDefinition(deps, message, signal);
  const worker = await deps.roster.add(newWorker(randomName(12, deps.random), definition, deps.clock.nowMs()));
  deps.log.info("worker added", { worker: worker.workerId, name: definition.name, manager: definition.managerId });
  return worker;
};

/** Changes a worker's definition; its VM follows at the next launch. */
export const editWorker = async (
  deps: ApiDeps,
  { worker: idOrName, definition: message, force }: EditWorkerRequest,
  signal: AbortSignal,
): Promise<Worker> => {
  const worker = presentWorker(deps.roster.get(idOrName));
  const definition = await readDefinition(deps, message, signal);
  refuseMove(worker, definition);
  const { isDeep } = effectOfEdit(worker.definition, definition, worker.pending);
  if (isDeep) await freeForEdit(deps, worker, force);
  const now = presentWorker(deps.roster.get(worker.workerId));
  const { pending } = effectOfEdit(now.definition, definition, now.pending);
  // Also without a VM something half made may be there.
  const isBegun = now.state !== "absent" || now.vmId !== "" || now.diskId !== "" || now.generation > 0;
  const changed = await deps.roster.change(now, {
    definition,
    pending: isBegun ? pending : "none",
    unhealthyReason: "",
    unhealthyMs: 0,
  });
  deps.log.info("worker edited", { worker: worker.workerId, name: definition.name, pending: changed.pending, force });
  deps.workerRunner.poke(worker.workerId);
  return changed;
};

const refuseMove = (worker: Worker, { managerId, clusterId }: WorkerDefinition): void => {
  if (managerId === worker.definition.managerId && clusterId === worker.definition.clusterId) return;
  throw new HoldfastError(
    "INVALID_ARGUMENT",
    "a worker stays in its cluster: add another one there and remove this one",
  );
};

/** Ends the tasks of a busy worker when that is wanted, and has it powered off; they are tried again elsewhere. */
const freeForEdit = async (deps: ApiDeps, worker: Worker, force: boolean): Promise<void> => {
  const attempts = await attemptsOfWorker(deps.database.queries, worker.workerId);
  if (attempts.length === 0) return;
  if (!force) throw busy(worker, attempts.length, "this change ends them: give --force to do it all the same");
  const message = `worker ${worker.definition.name} was changed by an operator`;
  for (const { attemptId } of attempts) await loseAttempt(deps, attemptId, message);
  const now = deps.roster.get(worker.workerId);
  if (now.state === "up" || now.state === "enrolling")
    await deps.roster.move(now, "stopping", { movedMs: deps.clock.nowMs(), doing: message });
};

const busy = (worker: Worker, tasks: number, words: string): HoldfastError =>
  new HoldfastError(
    "WORKER_BUSY",
    `worker ${worker.definition.name} has ${tasks === 1 ? "a task" : `${tasks} tasks`} under way; ${words}`,
    {
      details: { worker: worker.workerId, tasks },
    },
  );

/** Lets a worker get work, or no more; enabling it also forgets why it was unhealthy. */
export const setWorkerEnabled = async (deps: ApiDeps, idOrName: string, enabled: boolean): Promise<Worker> => {
  const worker = presentWorker(deps.roster.get(idOrName));
  const health = enabled ? { unhealthyReason: "", unhealthyMs: 0 } : {};
  const changed = await deps.roster.change(worker, { enabled, ...health });
  deps.log.info("worker switched", { worker: worker.workerId, name: worker.definition.name, enabled });
  deps.workerRunner.poke(worker.workerId);
  return changed;
};

/** Begins a test; answers its session. */
export const testWorker = async (deps: ApiDeps, idOrName: string): Promise<string> => {
  const worker = presentWorker(deps.roster.get(idOrName));
  const sessionId = await beginTest(deps, worker, deps.timeZone);
  deps.workerRunner.poke(worker.workerId);
  return sessionId;
};

/** Begins the removal of a worker that has no tasks: VM, disk and identity go, then the worker itself. */
export const removeWorker = async (deps: ApiDeps, idOrName: string): Promise<Worker> => {
  const worker = deps.roster.get(idOrName);
  const attempts = await attemptsOfWorker(deps.database.queries, worker.workerId);
  if (attempts.length > 0) throw busy(worker, attempts.length, "it can be removed when they are done");
  const changed = await deps.roster.change(worker, { removing: true, enabled: false });
  deps.log.info("worker is to be removed", { worker: worker.workerId, name: worker.definition.name });
  deps.workerRunner.interrupt(worker.workerId);
  return changed;
};
