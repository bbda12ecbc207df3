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
  await moveTo(deps, judged, whereAfterwards[judged.state] ?? "stopping", { why: reason, change });
};

/** A VM that is only half made has no power; what there is of it is found again. */
const whereAfterwards: Partial<Record<WorkerState, WorkerState>> = { making: "absent" };
