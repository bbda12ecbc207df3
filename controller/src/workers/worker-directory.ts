import type { Clock } from "@holdfast/shared/clock/clock";
import type { PlacedWorker } from "../placement/placed-worker.ts";
import type { WorkerDirectory } from "../sessions/work-deps.ts";
import { unhealthyReasonOf } from "./worker-health.ts";
import type { WorkerRoster } from "./worker-roster.ts";
import type { WorkerSettings } from "./worker-settings.ts";
import type { WorkerState } from "./worker-state.ts";

const placedStates = {
  absent: "asleep",
  making: "rising",
  down: "asleep",
  starting: "rising",
  enrolling: "rising",
  up: "up",
  suspending: "falling",
  "shutting-down": "falling",
  stopping: "falling",
  suspended: "asleep",
} as const satisfies Record<WorkerState, PlacedWorker["state"]>;

/** A worker that is being removed is not there any more; one that rested long enough counts as healthy. */
export const createWorkerDirectory = (deps: {
  readonly roster: Pick<WorkerRoster, "list">;
  readonly clock: Clock;
  readonly settings: WorkerSettings;
}): WorkerDirectory => ({
  placed: () => {
    const nowMs = deps.clock.nowMs();
    return deps.roster
      .list()
      .filter(({ removing }) => !removing)
      .map((worker) => ({
        workerId: worker.workerId,
        name: worker.definition.name,
        managerId: worker.definition.managerId,
        clusterId: worker.definition.clusterId,
        slots: worker.definition.tasks,
        isEnabled: worker.enabled,
        unhealthyReason: unhealthyReasonOf(worker, nowMs, deps.settings.unhealthyRestMs),
        state: placedStates[worker.state],
      }));
  },
});
