import { correlated } from "../hypervisor/correlation.ts";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import { type Next, after, again, final } from "../sessions/steps/next.ts";
import { carryOut } from "./carry-out.ts";
import { clocksOf } from "./clocks.ts";
import { demandFor, gatherFacts } from "./gather-facts.ts";
import { lookAtVm } from "./look-at-vm.ts";
import { nextMove } from "./next-move.ts";
import { giveUpTest, settleTest } from "./settle-test.ts";
import { afterTrouble } from "./trouble.ts";
import type { WorkerAt, WorkerDeps } from "./worker-deps.ts";
import { type Worker, workerCorrelationIdOf } from "./worker.ts";

/** Looks at a worker and its VM as they are now and takes one step. Any step may be interrupted and is then taken again. */
export const stepWorker = async (deps: WorkerDeps, workerId: string, signal: AbortSignal): Promise<Next> => {
  const found = deps.roster.find(workerId);
  if (found === undefined) return final;
  const worker = await settleTest(deps, found, signal);
  const manager = deps.managers.find(worker.definition.managerId);
  if (manager === undefined || isHeldBack(manager)) {
    await giveUpTest(deps, worker, whyNotAsked(manager));
    return after(0);
  }
  if (isAtRest(worker) && !worker.removing && !demandFor(deps, worker).rises) return goOnResting(deps, worker);
  const at: WorkerAt = { worker, manager, hypervisor: manager.hypervisor };
  try {
    return await correlated(workerCorrelationIdOf(workerId), () => stepAt(deps, at, signal));
  } catch (caught) {
    signal.throwIfAborted();
    await manager.note(caught);
    return afterTrouble(deps, deps.roster.find(workerId) ?? worker, caught);
  }
};

const isHeldBack = ({ condition: { state } }: ManagerConnection): boolean =>
  state === "credentials-refused" || state === "replaced";

/** Why the engine of a worker is not asked before an operator acts. */
const whyNotAsked = (manager: ManagerConnection | undefined): string => {
  if (manager === undefined) return "its manager is not known";
  const { state, reason } = manager.condition;
  return `${state === "replaced" ? "MANAGER_REPLACED" : "ENGINE_CREDENTIALS_REFUSED"}: ${reason}`;
};

/** States in which nobody asks the engine about the VM unless the worker is needed. */
const isAtRest = ({ state }: Worker): boolean => state === "absent" || state === "down" || state === "suspended";

const goOnResting = (deps: WorkerDeps, { workerId }: Worker): Next => {
  clocksOf(deps.patience, workerId).stop("launch");
  return after(0);
};

const stepAt = async (deps: WorkerDeps, at: WorkerAt, signal: AbortSignal): Promise<Next> => {
  const { worker } = at;
  const vm = await lookAtVm(deps, at, signal);
  const facts = gatherFacts(deps, worker, vm);
  let move = nextMove(facts);
  // What was known of the demand may be a moment old: before it goes down it is asked once more.
  if (worker.state === "up" && move.kind === "move" && facts.isIdle) {
    await deps.needs.read();
    move = nextMove(gatherFacts(deps, worker, vm));
  }
  if (move.kind === "rest") return after(0);
  if (move.kind === "wait") return after(deps.workerSettings.lookMs);
  await carryOut(deps, { at, vm, move }, signal);
  if (move.kind !== "do" || move.action === "make") return again;
  // After an action the engine takes its time.
  return move.action === "forget" ? final : after(deps.workerSettings.lookMs);
};
