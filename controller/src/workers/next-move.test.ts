import { describe, expect, it } from "vitest";
import { type WorkerFacts, nextMove } from "./next-move.ts";
import { workerStates } from "./worker-state.ts";

const usual: WorkerFacts = {
  state: "up",
  removing: false,
  pending: "none",
  idlePolicy: "suspend",
  vm: "up",
  rises: false,
  keeps: false,
  isHeard: true,
  misfit: "",
  isLate: false,
  isIdle: false,
  isStuck: false,
  mayCome: false,
};
const locked: Partial<WorkerFacts> = { state: "down", vm: "image_locked", rises: true, pending: "reshape" };
const of = (facts: Partial<WorkerFacts>): string => {
  const move = nextMove({ ...usual, ...facts });
  if (move.kind === "move") return `→ ${move.to}`;
  return move.kind === "do" ? move.action : move.kind;
};

describe("the next step of a worker", () => {
  it.each<[string, Partial<WorkerFacts>, string]>([
    ["absent and unneeded", { state: "absent", vm: "gone" }, "rest"],
    ["absent and needed", { state: "absent", vm: "gone", rises: true }, "→ making"],
    ["making", { state: "making", vm: "image_locked" }, "make"],
    ["down and unneeded", { state: "down", vm: "down" }, "rest"],
    ["down and needed", { state: "down", vm: "down", rises: true }, "→ starting"],
    ["down, needed and gone", { state: "down", vm: "gone", rises: true }, "→ absent"],
    ["down with a change of shape", { state: "down", vm: "down", rises: true, pending: "reshape" }, "reshape"],
    ["down, to be made anew", { state: "down", vm: "down", rises: true, pending: "remake" }, "delete"],
    ["down, changed, locked", locked, "wait"],
    ["down, changed, locked for too long", { ...locked, isLate: true }, "fail"],
    ["down for us, started by somebody, changed", { state: "down", rises: true, pending: "reshape" }, "→ stopping"],
    ["starting with no power", { state: "starting", vm: "down", rises: true }, "boot"],
    ["starting a suspended one", { state: "starting", vm: "suspended", rises: true }, "resume"],
    ["starting, locked", { state: "starting", vm: "image_locked", rises: true }, "wait"],
    ["starting, and the VM does", { state: "starting", vm: "wait_for_launch", rises: true }, "→ enrolling"],
    ["starting, needed no more", { state: "starting", vm: "down" }, "→ down"],
    ["starting a suspended one, needed no more", { state: "starting", vm: "suspended" }, "→ suspended"],
    ["starting too long", { state: "starting", vm: "down", rises: true, isLate: true }, "fail"],
    ["starting a changed one", { state: "starting", vm: "down", rises: true, pending: "reshape" }, "→ down"],
    ["enrolling, not heard", { state: "enrolling", isHeard: false }, "wait"],
    ["enrolling, heard", { state: "enrolling" }, "→ up"],
    ["enrolling, heard before the engine knows that it is up", { state: "enrolling", vm: "powering_up" }, "→ up"],
    ["enrolling too long", { state: "enrolling", isHeard: false, isLate: true }, "fail"],
    ["enrolling, heard at the last moment", { state: "enrolling", isLate: true }, "→ up"],
    ["enrolling, heard but unfit", { state: "enrolling", misfit: "too old" }, "wait"],
    ["enrolling, heard but unfit for too long", { state: "enrolling", misfit: "too old", isLate: true }, "fail"],
    ["enrolling, power lost", { state: "enrolling", vm: "down", isHeard: false }, "→ down"],
    ["enrolling, power lost again and again", { state: "enrolling", vm: "down", isHeard: false, isLate: true }, "fail"],
    ["enrolling, suspended by somebody", { state: "enrolling", vm: "suspended", isHeard: false }, "→ starting"],
    ["up and needed", { keeps: true, isIdle: false }, "wait"],
    ["up, idle for a moment", {}, "wait"],
    ["up, idle for long", { isIdle: true }, "→ suspending"],
    ["up, idle for long, by the other policy", { isIdle: true, idlePolicy: "shutdown" }, "→ shutting-down"],
    ["up, idle for long, changed", { isIdle: true, pending: "reshape" }, "→ shutting-down"],
    ["up, idle, booting again", { isIdle: true, vm: "reboot_in_progress" }, "wait"],
    ["up, silent", { isHeard: false, keeps: true }, "→ enrolling"],
    ["up, unfit, with tasks that it goes on with", { misfit: "too old", keeps: true }, "wait"],
    ["up, unfit", { misfit: "too old", isIdle: true }, "→ enrolling"],
    ["up, deleted by somebody", { vm: "gone", keeps: true }, "→ absent"],
    ["up, stopped by somebody", { vm: "down", keeps: true }, "→ down"],
    ["up, suspended by somebody", { vm: "suspended", keeps: true }, "→ suspended"],
    ["up, being suspended by somebody", { vm: "saving_state", keeps: true }, "→ suspending"],
    ["up, being shut down by somebody", { vm: "powering_down", keeps: true }, "→ shutting-down"],
    ["suspending, not begun", { state: "suspending" }, "suspend"],
    ["suspending, under way, needed", { state: "suspending", vm: "saving_state", rises: true }, "wait"],
    ["suspending, done", { state: "suspending", vm: "suspended" }, "→ suspended"],
    ["suspending too long", { state: "suspending", isStuck: true }, "→ stopping"],
    ["shutting down, not begun", { state: "shutting-down" }, "shut-down"],
    ["shutting down, under way", { state: "shutting-down", vm: "powering_down" }, "wait"],
    ["shutting down, done", { state: "shutting-down", vm: "down" }, "→ down"],
    ["shutting down too long", { state: "shutting-down", vm: "powering_down", isStuck: true }, "→ stopping"],
    ["stopping, with power", { state: "stopping" }, "power-off"],
    ["stopping, a suspended one", { state: "stopping", vm: "suspended" }, "power-off"],
    ["stopping, locked", { state: "stopping", vm: "image_locked" }, "wait"],
    ["stopping, locked for too long", { state: "stopping", vm: "image_locked", isStuck: true }, "fail"],
    ["stopping, with power for too long", { state: "stopping", isStuck: true }, "fail"],
    ["stopping, done at the last moment", { state: "stopping", vm: "down", isStuck: true }, "→ down"],
    ["stopping, done", { state: "stopping", vm: "down" }, "→ down"],
    ["suspended and unneeded", { state: "suspended", vm: "suspended" }, "rest"],
    ["suspended and needed", { state: "suspended", vm: "suspended", rises: true }, "→ starting"],
    ["suspended, changed", { state: "suspended", vm: "suspended", rises: true, pending: "remake" }, "→ stopping"],
    ["suspended for us, powered off by somebody", { state: "suspended", vm: "down", rises: true }, "→ down"],
    ["to be removed, up", { removing: true }, "→ stopping"],
    ["to be removed, stopping", { removing: true, state: "stopping" }, "power-off"],
    ["to be removed, absent for us, running", { removing: true, state: "absent" }, "power-off"],
    ["to be removed, down", { removing: true, state: "down", vm: "down" }, "delete"],
    ["to be removed, locked", { removing: true, state: "making", vm: "image_locked" }, "wait"],
    [
      "to be removed, asked for and not there yet",
      { removing: true, state: "making", vm: "gone", mayCome: true },
      "wait",
    ],
    ["to be removed, gone", { removing: true, state: "stopping", vm: "gone" }, "forget"],
  ])("that is %s", (_words, facts, wanted) => {
    expect(of(facts)).toBe(wanted);
  });

  it("is always one that the table of states allows, whatever the facts", () => {
    const vms =
      "gone down up powering_up wait_for_launch paused suspended saving_state restoring_state image_locked powering_down " +
      "unknown not_responding reboot_in_progress";
    const flag = (bits: number, place: number): boolean => ((bits >> place) & 1) === 1;
    const all = workerStates.names.flatMap((state) =>
      vms.split(" ").flatMap((vm) =>
        (["none", "reshape", "remake"] as const).flatMap((pending) =>
          Array.from({ length: 512 }, (_, bits) => ({
            ...usual,
            state,
            vm,
            pending,
            rises: flag(bits, 0),
            keeps: flag(bits, 1),
            isHeard: flag(bits, 2),
            isLate: flag(bits, 3),
            isIdle: flag(bits, 4),
            isStuck: flag(bits, 5),
            removing: flag(bits, 6),
            misfit: flag(bits, 7) ? "too old" : "",
            mayCome: flag(bits, 8),
          })),
        ),
      ),
    );
    const wrong = all.filter((facts) => {
      const move = nextMove(facts);
      return move.kind === "move" && !workerStates.canMove(facts.state, move.to);
    });
    expect(wrong).toEqual([]);
    expect(all).toHaveLength(workerStates.names.length * 14 * 3 * 512);
  });
});
