import { TaskRunner } from "../sessions/task-runner.ts";
import { clocksOf } from "./clocks.ts";
import { stepWorker } from "./step-worker.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Takes steps with every worker, over and over; each sweep reads anew who needs which. */
export const openWorkerRunner = (deps: WorkerDeps): TaskRunner => {
  // What an engine was asked for before a crash nobody knows: it may still appear.
  for (const { workerId, state } of deps.roster.list())
    if (state === "absent" || state === "making") clocksOf(deps.patience, workerId).restart("late");
  return new TaskRunner({
    name: "worker",
    clock: deps.clock,
    log: deps.log,
    list: async () => {
      const workers = deps.roster.list();
      if (workers.length > 0) await deps.needs.read();
      return workers.map(({ workerId }) => workerId);
    },
    step: (workerId, signal) => stepWorker(deps, workerId, signal),
    sweepMs: deps.workerSettings.sweepMs,
  });
};
