import { defineStates } from "@holdfast/shared/states/transitions";

/**
 * The states of an attempt. `open`: its agent may work · `ending`: it was reported, lost or cancelled and is being fenced and
 * cleaned up after · `uncertain`: the repository does not answer the fence · the others say how it ended.
 */
export const attemptStates = defineStates("attempt", {
  open: ["ending"],
  ending: ["uncertain", "succeeded", "failed", "lost", "cancelled"],
  uncertain: ["ending"],
  succeeded: [],
  failed: [],
  lost: [],
  cancelled: [],
});

/** One state of an attempt. */
export type AttemptState = (typeof attemptStates.names)[number];
