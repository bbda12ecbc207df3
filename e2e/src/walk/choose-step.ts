import { type Below, type WalkLimits, possibleActs } from "./possible-acts.ts";
import type { Step } from "./step.ts";
import type { WalkState } from "./walk-state.ts";

/** The next step: a VM, each as often as any other, and one of the things that can be done to it. */
export const chooseStep = (state: WalkState, limits: WalkLimits, below: Below): Step => {
  const index = below(state.vms.length);
  const vm = state.vms[index];
  if (vm === undefined) throw new Error("a walk needs a VM");
  const acts = possibleActs(vm, limits, below);
  const parts = 10;
  let left = below(acts.reduce((sum, { weight }) => sum + weight * parts, 0));
  for (const { weight, act } of acts) {
    left -= weight * parts;
    if (left < 0) return { vm: index, act };
  }
  throw new Error("nothing can be done");
};
