import type { PendingChange } from "./worker.ts";
import type { WorkerState } from "./worker-state.ts";

/** All that a worker's next step depends on. */
export interface WorkerFacts {
  readonly state: WorkerState;
  readonly removing: boolean;
  readonly pending: PendingChange;
  readonly idlePolicy: "suspend" | "shutdown";
  /** The engine's word for the VM's state; `gone` when the engine has no VM of ours. */
  readonly vm: string;
  /** Something wants it launched: work, or a test. */
  readonly rises: boolean;
  /** Something keeps it up: work, or a test. */
  readonly keeps: boolean;
  /** Its agent has said hello since it was started, and is not silent. */
  readonly isHeard: boolean;
  /** Why its agent gets no work though it is heard; empty when it does. */
  readonly misfit: string;
  /** The launch, or what has to be done to the VM before it, has taken longer than it may. */
  readonly isLate: boolean;
  /** Nothing has kept it up for as long as it may stay idle. */
  readonly isIdle: boolean;
  /** Something that the engine was asked to make may still appear. */
  readonly mayCome: boolean;
  /** Going down has taken longer than it may. */
  readonly isStuck: boolean;
}

/** What is asked of the engine for a worker. */
export type WorkerAction =
  | "make"
  | "reshape"
  | "boot"
  | "resume"
  | "suspend"
  | "shut-down"
  | "power-off"
  | "delete"
  | "forget";

/** What a step does. */
export type NextMove =
  /** Nothing, until something needs the worker. */
  | { readonly kind: "rest" }
  /** Look at the VM again soon. */
  | { readonly kind: "wait" }
  | { readonly kind: "do"; readonly action: WorkerAction }
  | { readonly kind: "move"; readonly to: WorkerState; readonly why: string }
  /** It cannot be used: unhealthy for this reason, and powered off where it is not. */
  | { readonly kind: "fail"; readonly reason: string };

const rest: NextMove = { kind: "rest" };
const wait: NextMove = { kind: "wait" };
const act = (action: WorkerAction): NextMove => ({ kind: "do", action });
const move = (to: WorkerState, why: string): NextMove => ({ kind: "move", to, why });
const fail = (reason: string): NextMove => ({ kind: "fail", reason });

/** Decides the next step of a worker; the engine's view of the VM is followed, whoever changed it. */
export const nextMove = (facts: WorkerFacts): NextMove => {
  if (facts.removing) return whileRemoving(facts);
  return byState[facts.state](facts);
};

const gone = "the engine has no such VM any more";

const byState: Readonly<Record<WorkerState, (facts: WorkerFacts) => NextMove>> = {
  absent: ({ rises }) => (rises ? move("making", "it is needed and has no VM") : rest),
  making: () => act("make"),
  down: (facts) => {
    if (!facts.rises) return rest;
    if (facts.vm === "gone") return move("absent", gone);
    if (facts.pending === "none") return move("starting", "it is needed");
    if (facts.vm === "image_locked") return facts.isLate ? fail("the VM stays locked, it cannot be changed") : wait;
    if (facts.vm !== "down") return move("stopping", "its definition changed");
    return act(facts.pending === "remake" ? "delete" : "reshape");
  },
  suspended: (facts) => {
    if (!facts.rises) return rest;
    if (facts.vm === "gone") return move("absent", gone);
    if (facts.vm === "down") return move("down", "the VM is down");
    return facts.pending === "none" ? move("starting", "it is needed") : move("stopping", "its definition changed");
  },
  starting: (facts) => {
    if (facts.vm === "gone") return move("absent", gone);
    if (!isWithoutPower(facts.vm) && !isUnderWay(facts.vm)) return move("enrolling", `the VM is ${facts.vm}`);
    if (facts.isLate) return fail(`the VM did not start in time, it is ${facts.vm}`);
    return isWithoutPower(facts.vm) ? startFrom(facts, facts.vm) : wait;
  },
  enrolling: (facts) => {
    if (facts.vm === "gone") return move("absent", gone);
    const isFit = facts.isHeard && facts.misfit === "";
    if (isFit && (facts.vm === "up" || facts.vm === "powering_up")) return move("up", "its agent said hello");
    if (facts.isLate) return fail(whyNotEnrolled(facts));
    if (facts.vm === "down") return move("down", "the VM lost its power before its agent said hello");
    return facts.vm === "suspended" ? move("starting", "somebody suspended the VM") : wait;
  },
  up: (facts) => whileUp(facts),
  suspending: (facts) => {
    if (facts.vm === "suspended") return move("suspended", "the VM is suspended");
    return fallen(facts) ?? (facts.isStuck ? move("stopping", "suspending takes too long") : ask(facts, "suspend"));
  },
  "shutting-down": (facts) => {
    if (facts.vm === "suspended") return move("suspended", "the VM is suspended");
    return (
      fallen(facts) ?? (facts.isStuck ? move("stopping", "the guest does not shut down") : ask(facts, "shut-down"))
    );
  },
  stopping: (facts) => fallen(facts) ?? whileStopping(facts),
};

/** It is powered off as long as it takes; that this does not end is told again and again. */
const whileStopping = ({ vm, isStuck }: WorkerFacts): NextMove => {
  if (isStuck) return fail(`the VM cannot be powered off, it is ${vm}`);
  return vm === "image_locked" ? wait : act("power-off");
};

const whyNotEnrolled = ({ isHeard, misfit, vm }: WorkerFacts): string =>
  isHeard && misfit !== "" ? misfit : `its agent did not say hello in time, the VM is ${vm}`;

const startFrom = (facts: WorkerFacts, vm: "down" | "suspended"): NextMove => {
  if (!facts.rises) return move(vm, "nothing needs it any more");
  if (facts.pending !== "none")
    return vm === "down" ? move("down", "its definition changed") : move("stopping", "its definition changed");
  return act(vm === "down" ? "boot" : "resume");
};

const whileUp = (facts: WorkerFacts): NextMove => {
  const left = fallen(facts) ?? putDown(facts);
  if (left !== undefined) return left;
  if (!facts.isHeard) return move("enrolling", "its agent fell silent");
  // Up it would be passed by all work, go down as idle, and be launched for the same work again.
  if (facts.misfit !== "" && !facts.keeps) return move("enrolling", facts.misfit);
  if (facts.keeps || !facts.isIdle || facts.vm !== "up") return wait;
  // A changed definition takes effect at a start from down.
  const to = facts.idlePolicy === "suspend" && facts.pending === "none" ? "suspending" : "shutting-down";
  return move(to, "nothing needs it");
};

/** Where a worker is whose VM has no power or is no more; undefined while it has. */
const fallen = ({ vm }: WorkerFacts): NextMove | undefined => {
  if (vm === "gone") return move("absent", gone);
  return vm === "down" ? move("down", "the VM is down") : undefined;
};

/** Where a worker is whose VM somebody else puts down; undefined while nobody does. */
const putDown = ({ vm }: WorkerFacts): NextMove | undefined => {
  if (vm === "suspended") return move("suspended", "somebody suspended the VM");
  if (vm === "saving_state") return move("suspending", "somebody suspends the VM");
  return vm === "powering_down" ? move("shutting-down", "somebody shuts the VM down") : undefined;
};

/** Asks a VM that runs to go down; one that does so already is waited for. */
const ask = ({ vm }: WorkerFacts, action: WorkerAction): NextMove => (isUnderWay(vm) ? wait : act(action));

const isWithoutPower = (vm: string): vm is "down" | "suspended" => vm === "down" || vm === "suspended";

/** States that pass by themselves, and in which an engine takes no action. */
const isUnderWay = (vm: string): boolean => ["image_locked", "saving_state", "powering_down"].includes(vm);

const whileRemoving = ({ state, vm, mayCome }: WorkerFacts): NextMove => {
  // Once it is forgotten nobody looks for what comes late.
  if (vm === "gone") return mayCome ? wait : act("forget");
  if (vm === "down") return act("delete");
  if (vm === "image_locked") return wait;
  return state === "absent" || state === "stopping" ? act("power-off") : move("stopping", "it is removed");
};
