import { defineStates } from "@holdfast/shared/states/transitions";

/**
 * The states of a session. `running`: tasks are open · `ending`: all tasks are final, retention acts for its VMs ·
 * `ended`: has a result. What an operator asked meanwhile (stop, cancel) is its wish, not a state.
 */
export const sessionStates = defineStates("session", {
  running: ["ending"],
  ending: ["ended"],
  ended: [],
});

/** One state of a session. */
export type SessionState = (typeof sessionStates.names)[number];
