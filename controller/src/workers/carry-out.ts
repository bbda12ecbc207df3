import type { Vm } from "../hypervisor/inventory.ts";
import { bootWorker, resumeWorker } from "./boot-worker.ts";
import { clocksOf } from "./clocks.ts";
import { failWorker } from "./fail-worker.ts";
import { removeWorkerDisk } from "./make-disk.ts";
import { makeWorkerVm, reshapeWorkerVm } from "./make-vm.ts";
import { moveTo } from "./move-worker.ts";
import type { NextMove, WorkerAction } from "./next-move.ts";
import type { WorkerAt, WorkerDeps } from "./worker-deps.ts";
import { agentIdOfWorker } from "../placement/placed-agent.ts";
import type { Worker } from "./worker.ts";
import type { WorkerState } from "./worker-state.ts";

/** A step that was decided, with the VM that it was decided for. */
interface Decided {
  readonly at: WorkerAt;
  readonly vm: Vm | undefined;
  readonly move: NextMove;
}

/** Does what was decided for a worker. */
export const carryOut = async (deps: WorkerDeps, { at, vm, move }: Decided, signal: AbortSignal): Promise<void> => {
  switch (move.kind) {
    case "fail":
      return failWorker(deps, at.worker, move.reason);
    case "move":
      return carryMove(deps, at.worker, move);
    case "do":
      return actions[move.action](deps, { at, vmId: vm?.id ?? "" }, signal);
    case "rest":
    case "wait":
      return undefined;
  }
};

const carryMove = async (
  deps: WorkerDeps,
  worker: Worker,
  { to, why }: { readonly to: WorkerState; readonly why: string },
): Promise<void> => {
  // A VM that is made anew is another machine: what the former one could prove counts no longer.
  if (to === "making" && worker.generation > 0) await deps.issuer.revoke(agentIdOfWorker(worker.workerId));
  await moveTo(deps, worker, to, { why, change: changeAt(to) });
};

const changeAt = (to: WorkerState) => {
  if (to === "absent") return { vmId: "" };
  return to === "up" ? { unhealthyReason: "", unhealthyMs: 0 } : {};
};

interface ActedOn {
  readonly at: WorkerAt;
  /** Empty for none. */
  readonly vmId: string;
}

type Act = (deps: WorkerDeps, on: ActedOn, signal: AbortSignal) => Promise<void>;

const make: Act = async (deps, { at }, signal) => {
  const { worker } = at;
  const vmId = await makeWorkerVm(deps, at, signal);
  clocksOf(deps.patience, worker.workerId).stop("launch");
  const change = { vmId, generation: worker.generation + 1 };
  await deps.roster.note(worker, "none");
  await moveTo(deps, worker, "down", { why: "the VM is made", change });
};

const reshape: Act = async (deps, { at, vmId }, signal) => {
  await reshapeWorkerVm(deps, at, vmId, signal);
  await deps.roster.note(at.worker, "none");
};

const remove: Act = async (_deps, { at, vmId }, signal) => {
  await at.hypervisor.removeVm({ vmId, keepDisks: false }, signal);
};

const forget: Act = async (deps, { at }, signal) => {
  const { worker } = at;
  if (worker.diskId !== "") await removeWorkerDisk(deps, at, worker.diskId, signal);
  await deps.issuer.revoke(agentIdOfWorker(worker.workerId));
  await deps.agents.forget(agentIdOfWorker(worker.workerId));
  await deps.roster.remove(worker.workerId);
  deps.log.info("worker removed", { worker: worker.workerId, name: worker.definition.name });
};

/** Asks once, and again only after a while: an engine needs a moment before its VM's state shows it. */
const nowAndThen =
  (ask: Act): Act =>
  async (deps, on, signal) => {
    const clocks = clocksOf(deps.patience, on.at.worker.workerId);
    const sinceMs = clocks.soFarMs("action");
    if (sinceMs > 0 && sinceMs < deps.workerSettings.askAgainMs) return;
    // Also one that the engine refuses is not asked again at once.
    clocks.restart("action");
    await ask(deps, on, signal);
  };

const actions: Readonly<Record<WorkerAction, Act>> = {
  make,
  reshape,
  delete: remove,
  forget,
  boot: (deps, { at, vmId }, signal) => bootWorker(deps, at, vmId, signal),
  resume: (deps, { at, vmId }, signal) => resumeWorker(deps, at, vmId, signal),
  suspend: nowAndThen((_deps, { at, vmId }, signal) => at.hypervisor.suspendVm(vmId, signal)),
  "shut-down": nowAndThen((_deps, { at, vmId }, signal) => at.hypervisor.shutDownVm(vmId, signal)),
  "power-off": nowAndThen((_deps, { at, vmId }, signal) => at.hypervisor.powerOffVm(vmId, signal)),
};
