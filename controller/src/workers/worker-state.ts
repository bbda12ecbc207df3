import { defineStates } from "@holdfast/shared/states/transitions";

/**
 * The states of a worker. `absent`: there is no VM · `making`: the VM is being made · `down`: it is there and has no power · `starting`:
 * the engine is asked to start or resume it · `enrolling`: it runs, its agent has not said hello since · `up`: its agent is an
 * agent like others · `suspending`, `shutting-down`, `stopping`: it goes down · `suspended`: it can be resumed. What an operator or the engine did to
 * the VM meanwhile is followed, therefore so many arrows.
 */
export const workerStates = defineStates("worker", {
  absent: ["making"],
  making: ["down", "absent", "stopping"],
  down: ["starting", "absent", "stopping"],
  starting: ["enrolling", "down", "suspended", "stopping", "absent"],
  enrolling: ["up", "starting", "stopping", "down", "absent"],
  up: ["suspending", "shutting-down", "stopping", "enrolling", "suspended", "down", "absent"],
  suspending: ["suspended", "shutting-down", "stopping", "down", "absent"],
  "shutting-down": ["down", "stopping", "suspended", "absent"],
  stopping: ["down", "absent"],
  suspended: ["starting", "stopping", "down", "absent"],
});

/** One state of a worker. */
export type WorkerState = (typeof workerStates.names)[number];
