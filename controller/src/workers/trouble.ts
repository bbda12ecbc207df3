import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { type Next, after, again } from "../sessions/steps/next.ts";
import { clocksOf } from "./clocks.ts";
import { failWorker } from "./fail-worker.ts";
import { moveTo } from "./move-worker.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import type { Worker } from "./worker.ts";

/** The engine is not there for anybody now: that says nothing about the worker. */
const away: readonly ErrorCode[] = [
  "ENGINE_UNREACHABLE",
  "ENGINE_UNTRUSTED",
  "MANAGER_REPLACED",
  "ENGINE_CREDENTIALS_REFUSED",
];

/** States in which a step is one of a launch: those at rest are stepped only when something needs them, or to be removed. */
const launching: readonly Worker["state"][] = ["absent", "making", "down", "starting", "enrolling", "suspended"];

/**
 * What follows a step that failed: a launch that the engine refuses makes the worker unhealthy with the engine's own words; an
 * engine that is away is waited for, though not longer than a launch may take. What is no error of ours is a bug and goes on up.
 */
export const afterTrouble = async (deps: WorkerDeps, worker: Worker, caught: unknown): Promise<Next> => {
  if (!(caught instanceof HoldfastError) || caught.code === "INTERNAL") throw caught;
  const { code, message } = caught;
  const isRising = !worker.removing && launching.includes(worker.state);
  const isAway = away.includes(code);
  if (isAway && isRising && clocksOf(deps.patience, worker.workerId).ms("launch") <= worker.definition.launchTimeoutMs)
    return waitAWhile(deps, worker, caught);
  if (isRising) {
    await failWorker(deps, worker, `${code}: ${message}`);
    return again;
  }
  if (isAway || worker.state !== "suspending") return waitAWhile(deps, worker, caught);
  // Not every VM can be suspended, such as one with a host's device.
  await moveTo(deps, worker, "shutting-down", { why: `the engine does not suspend it: ${message}` });
  return again;
};

const waitAWhile = async (deps: WorkerDeps, worker: Worker, err: HoldfastError): Promise<Next> => {
  if (worker.doing !== err.message) await deps.roster.change(worker, { doing: err.message });
  deps.log.debug("a worker's step is tried again", { worker: worker.workerId, state: worker.state, err });
  return after(deps.workerSettings.lookMs);
};
