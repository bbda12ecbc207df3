import { failWorker } from "./fail-worker.ts";
import { examineWorker } from "./examine-worker.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import { endTest, isTestUnwanted, judgeTest, noteInTest } from "./worker-test.ts";
import { agentIdOfWorker } from "../placement/placed-agent.ts";
import type { Worker } from "./worker.ts";

/** Takes a worker's test as far as it can go now: to its verdict while the worker is up, to its end when it is down again. */
export const settleTest = async (deps: WorkerDeps, worker: Worker, signal: AbortSignal): Promise<Worker> => {
  if (worker.test === null) return worker;
  const current = (): Worker => deps.roster.find(worker.workerId) ?? worker;
  if (worker.removing || (await isTestUnwanted(deps, worker))) {
    await endTest(deps, worker);
    return current();
  }
  if (worker.test.verdict === "open") return worker.state === "up" ? judge(deps, worker, signal) : worker;
  if (!isDownAgain(deps, worker)) return worker;
  await endTest(deps, worker);
  return current();
};

/**
 * Ends a worker's test whose engine is not asked before an operator acts: one without a verdict has failed for `reason`, and so
 * the worker is unhealthy. What the VM does meanwhile nobody sees; the worker stays where it is.
 */
export const giveUpTest = async (deps: WorkerDeps, worker: Worker, reason: string): Promise<void> => {
  if (worker.test === null) return;
  const judged = await judgeTest(deps, worker, { verdict: "failed", reason });
  if (worker.test.verdict === "open")
    await deps.roster.change(judged, { unhealthyReason: reason, unhealthyMs: deps.clock.nowMs() });
  await endTest(deps, judged);
};

/** Down by itself, or kept up by work: that came meanwhile, or that a failed test takes from nobody. */
const isDownAgain = (deps: WorkerDeps, { state, workerId, test }: Worker): boolean =>
  state === "absent" ||
  state === "down" ||
  state === "suspended" ||
  (state === "up" && (test?.verdict === "failed" || deps.needs.last.needed.has(workerId)));

/** It is up: its agent tries to reach whom it needs. Hosts that it does not reach are told, since their disks come another way. */
const judge = async (deps: WorkerDeps, worker: Worker, signal: AbortSignal): Promise<Worker> => {
  const agent = deps.agents.find(agentIdOfWorker(worker.workerId));
  // Its hello is what made the worker `up`; one that fell silent since is looked at by the next step.
  if (agent === undefined || agent.health === "silent") return worker;
  const { unfit, warnings, reached } = await examineWorker(deps, agent, signal);
  if (unfit !== "") {
    await failWorker(deps, worker, `its agent enrolled, and cannot work: ${unfit}`);
    return deps.roster.find(worker.workerId) ?? worker;
  }
  for (const message of warnings) await noteInTest(deps, worker, { level: "warning", message });
  const words = reached === "" ? "the controller" : reached;
  const reason = `agent ${agent.name} (version ${agent.version}) has enrolled and reaches ${words}`;
  const judged = await judgeTest(deps, worker, { verdict: "passed", reason });
  return await deps.roster.change(judged, { unhealthyReason: "", unhealthyMs: 0 });
};
