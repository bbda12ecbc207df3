import type { WorkerChange } from "../database/workers-table.ts";
import { type WorkerClocks, clocksOf } from "./clocks.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import type { Worker } from "./worker.ts";
import type { WorkerState } from "./worker-state.ts";
import { noteInTest } from "./worker-test.ts";

/** Moves a worker, tells the log, and the log of a test under way. False when another step was there first. */
export const moveTo = async (
  deps: WorkerDeps,
  worker: Worker,
  to: WorkerState,
  what: { readonly why: string; readonly change?: WorkerChange },
): Promise<boolean> => {
  setClocks(clocksOf(deps.patience, worker.workerId), worker.state, to);
  const isMoved = await deps.roster.move(worker, to, {
    ...what.change,
    doing: what.why,
    movedMs: deps.clock.nowMs(),
  });
  if (!isMoved) return false;
  deps.log.info("worker moved", {
    worker: worker.workerId,
    name: worker.definition.name,
    from: worker.state,
    to,
    reason: what.why,
  });
  await noteInTest(deps, worker, { level: "notice", message: `${worker.state} → ${to}: ${what.why}` });
  return true;
};

const setClocks = (clocks: WorkerClocks, from: WorkerState, to: WorkerState): void => {
  clocks.stop("action");
  if (from === "up" || to === "up") clocks.stop("launch");
  if (to === "suspending" || to === "shutting-down" || to === "stopping") clocks.restart("fall");
  if (to === "making" || to === "starting" || to === "enrolling") clocks.ms("launch");
  if (to !== "enrolling") return;
  // One that fell silent gets as long as a launch to say hello again; a boot has begun to wait for it already.
  if (from === "up") clocks.restart("hello");
  else clocks.ms("hello");
};
