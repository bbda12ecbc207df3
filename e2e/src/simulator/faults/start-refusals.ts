import { conflict } from "../engine/engine-fault.ts";
import type { Vm } from "../model/vm.ts";
import { type EngineHooks, isNamed } from "./engine-hooks.ts";

/** Starts that are to be refused, with the scheduler's reasons. */
export interface StartRefusal {
  /** Id or name of the VM, which need not exist yet. */
  readonly vm: string;
  readonly reasons: readonly string[];
  /** How many starts are still to be refused. */
  times: number;
}

/** Refuses the start of a VM for which a test wanted that. */
export const takeStartRefusal = ({ startRefusals }: EngineHooks, vm: Vm): void => {
  const refusal = startRefusals.find((one) => isNamed(vm, one.vm) && one.times > 0);
  if (refusal === undefined) return;
  refusal.times -= 1;
  throw conflict(
    "Cannot run VM. There is no host that satisfies current scheduling constraints. See below for details:",
    ...refusal.reasons,
  );
};
