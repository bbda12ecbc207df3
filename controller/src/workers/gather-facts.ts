import type { Vm } from "../hypervisor/inventory.ts";
import { type WorkerClocks, clocksOf } from "./clocks.ts";
import type { WorkerFacts } from "./next-move.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import { unhealthyReasonOf } from "./worker-health.ts";
import { whyPassed } from "../placement/level-stand.ts";
import { agentIdOfWorker } from "../placement/placed-agent.ts";
import type { Worker } from "./worker.ts";

/** Whether something wants a worker launched, and whether something keeps it up; work or a test. */
export const demandFor = (deps: WorkerDeps, worker: Worker): Pick<WorkerFacts, "rises" | "keeps"> => {
  if (worker.removing) return { rises: false, keeps: false };
  const isTested = worker.test?.verdict === "open";
  const isNeeded = deps.needs.last.needed.has(worker.workerId);
  const unhealthy = unhealthyReasonOf(worker, deps.clock.nowMs(), deps.workerSettings.unhealthyRestMs);
  return { rises: isTested || (isNeeded && worker.enabled && unhealthy === ""), keeps: isTested || isNeeded };
};

/** All that a worker's next step depends on, as it is now. */
export const gatherFacts = (deps: WorkerDeps, worker: Worker, vm: Vm | undefined): WorkerFacts => {
  const { state, definition, test } = worker;
  const clocks = clocksOf(deps.patience, worker.workerId);
  const demand = demandFor(deps, worker);
  // After a test, and to go away, it does not stay idle first.
  const idleDelayMs = test !== null || worker.removing ? 0 : definition.idleDelayMs;
  if (state !== "up" || demand.keeps) clocks.stop("idle");
  if (!isFalling(worker)) clocks.stop("fall");
  return {
    state,
    removing: worker.removing,
    pending: worker.pending,
    idlePolicy: definition.idlePolicy,
    vm: vm?.status ?? "gone",
    ...demand,
    isHeard: isHeard(deps, worker),
    misfit: misfitOf(deps, worker),
    isLate: isLaunching(worker, demand) && clocks.ms("launch") > definition.launchTimeoutMs,
    isIdle: state === "up" && !demand.keeps && clocks.ms("idle") >= idleDelayMs,
    mayCome: isAwaited(deps, clocks),
    isStuck: isFalling(worker) && clocks.ms("fall") > deps.workerSettings.fallPatienceMs,
  };
};

const isAwaited = ({ workerSettings }: WorkerDeps, clocks: WorkerClocks): boolean => {
  const lateMs = clocks.soFarMs("late");
  return lateMs > 0 && lateMs < workerSettings.lateMs;
};

const isLaunching = ({ state }: Worker, { rises }: Pick<WorkerFacts, "rises">): boolean =>
  state === "starting" || state === "enrolling" || (state === "down" && rises);
const isFalling = ({ state }: Worker): boolean =>
  state === "suspending" || state === "shutting-down" || state === "stopping";

/** What placement would pass its agent for, but for what passes by itself. */
const misfitOf = (deps: WorkerDeps, { workerId }: Worker): string => {
  const health = deps.agents.find(agentIdOfWorker(workerId))?.health;
  return health === "incompatible" || health === "refusing" || health === "revoked" ? whyPassed[health] : "";
};

/** Before its first hello of this launch nothing that was heard counts; once it is up, it counts as long as it is not silent. */
const isHeard = (deps: WorkerDeps, { workerId, state }: Worker): boolean => {
  const agent = deps.agents.find(agentIdOfWorker(workerId));
  if (agent === undefined || agent.health === "silent") return false;
  if (state !== "enrolling") return true;
  return deps.agents.silentMs(agent.agentId) <= clocksOf(deps.patience, workerId).ms("hello");
};
