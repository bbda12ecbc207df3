import { attemptsOfWorker } from "./busy-workers.ts";
import { clocksOf } from "./clocks.ts";
import { moveTo } from "./move-worker.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import type { Worker } from "./worker.ts";
import type { WorkerState } from "./worker-state.ts";
import { endTest, judgeTest } from "./worker-test.ts";

/**
 * Makes a worker unhealthy for a reason in words, and has its VM powered off: tasks go elsewhere, a test has failed. One that is
 * up and has work goes on with it, gets no other, and goes down when that is done.
 */
export const failWorker = async (deps: WorkerDeps, worker: Worker, reason: string): Promise<void> => {
  deps.log.warn("worker is unhealthy", { worker: worker.workerId, name: worker.definition.name, reason });
  const judged = await judgeTest(deps, worker, { verdict: "failed", reason });
  const change = { unhealthyReason: reason, unhealthyMs: deps.clock.nowMs(), doing: reason };
  // Placement passes it from here on, so that what it has by now is all that it will have.
  const blamed = await deps.roster.change(judged, change);
  clocksOf(deps.patience, worker.workerId).stop("launch");
  const to = (await isAtWork(deps, blamed)) ? blamed.state : (afterwards[blamed.state] ?? "stopping");
  if (to !== blamed.state) await moveTo(deps, blamed, to, { why: reason });
  else if (to === "stopping") await waitOn(deps, blamed);
};

/** A VM that keeps its power is asked on, and blamed again after as long; what its test could learn is known. */
const waitOn = async (deps: WorkerDeps, worker: Worker): Promise<void> => {
  clocksOf(deps.patience, worker.workerId).restart("fall");
  await endTest(deps, worker);
};

const isAtWork = async ({ database }: WorkerDeps, { state, workerId }: Worker): Promise<boolean> =>
  state === "up" && (await attemptsOfWorker(database.queries, workerId)).length > 0;

/** One at rest, or that is powered off already, stays where it is. A VM that is only half made has no power; what there is of it is found again. */
const afterwards: Partial<Record<WorkerState, WorkerState>> = {
  absent: "absent",
  making: "absent",
  down: "down",
  suspended: "suspended",
  stopping: "stopping",
};
