import { clocksOf } from "./clocks.ts";
import { moveTo } from "./move-worker.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import type { Worker } from "./worker.ts";
import type { WorkerState } from "./worker-state.ts";
import { judgeTest } from "./worker-test.ts";

/** Makes a worker unhealthy for a reason in words, and has its VM powered off: tasks go elsewhere, a test has failed. */
export const failWorker = async (deps: WorkerDeps, worker: Worker, reason: string): Promise<void> => {
  deps.log.warn("worker is unhealthy", { worker: worker.workerId, name: worker.definition.name, reason });
  const judged = await judgeTest(deps, worker, { verdict: "failed", reason });
  const change = { unhealthyReason: reason, unhealthyMs: deps.clock.nowMs() };
  clocksOf(deps.patience, worker.workerId).stop("launch");
  const to = afterwards[judged.state];
  if (to === judged.state) await deps.roster.change(judged, { ...change, doing: reason });
  else await moveTo(deps, judged, to ?? "stopping", { why: reason, change });
};

/** One at rest stays where it is. A VM that is only half made has no power; what there is of it is found again. */
const afterwards: Partial<Record<WorkerState, WorkerState>> = {
  absent: "absent",
  making: "absent",
  down: "down",
  suspended: "suspended",
};
