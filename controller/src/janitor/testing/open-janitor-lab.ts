import { type Clock, systemClock } from "@holdfast/shared/clock/clock";

import { awaitReady, beginCapture } from "../../capture/begin-capture.ts";
import { examineVm } from "../../capture/examine-vm.ts";
import { throughConflicts } from "../../capture/waiting.ts";
import { type Lab, type LabVm, startLab } from "../../engine/testing/start-simulator.ts";
import type { Owner } from "../../hypervisor/marks.ts";
import type { FenceAnswer, JanitorDeps } from "../clean-engine.ts";
import type { Known } from "../plan-cleaning.ts";
import { noneKnown } from "./none-known.ts";

/** A signal that nobody aborts. */
export const never: AbortSignal = new AbortController().signal;

/** Passes until all is clean; the time between two of them is only noted. */
export const pace = { requestTimeoutMs: 30_000, maxPasses: 10 };

/** A simulated engine for a janitor, and what that janitor told. */
export interface JanitorLab extends AsyncDisposable {
  readonly lab: Lab;
  /** Owners that the janitor fenced since `forget`. */
  readonly fenced: readonly Owner[];
  /** VMs that it thawed since `forget`. */
  readonly thawed: readonly string[];
  /** Request time-outs that it waited between two passes since `forget`. */
  readonly longPauses: readonly number[];
  readonly forget: () => void;
  /** An owner of nobody else. */
  readonly newOwner: (installationId?: string) => Owner;
  /** A janitor that knows this alone, and whose fences are answered so. */
  readonly janitor: (known?: Partial<Known>, fence?: FenceAnswer) => JanitorDeps;
  /** Begins a capture of the VM and waits until it is ready. */
  readonly freeze: (owner: Owner, vm: LabVm) => ReturnType<typeof awaitReady>;
}

/** Starts the simulated engine; disposing ends it. */
export const openJanitorLab = async (): Promise<JanitorLab> => {
  const lab = await startLab();
  const fenced: Owner[] = [];
  const thawed: string[] = [];
  const longPauses: number[] = [];
  const clock: Clock = {
    ...systemClock,
    sleep: async (ms, signal) => {
      if (ms === pace.requestTimeoutMs) longPauses.push(ms);
      else await systemClock.sleep(ms, signal);
    },
  };
  let tasks = 0;
  return {
    lab,
    fenced,
    thawed,
    longPauses,
    forget: () => {
      for (const list of [fenced, thawed, longPauses]) list.length = 0;
    },
    newOwner: (installationId = "inst") => {
      tasks += 1;
      return { installationId, taskId: `t${tasks}`, attemptNumber: 1, attemptId: "a1" };
    },
    janitor: (known = {}, fence = "retired") => ({
      ...lab.deps,
      clock,
      installationId: "inst",
      known: async () => ({ ...noneKnown, ...known }),
      noteThawed: async (_owner, vmId) => {
        thawed.push(vmId);
      },
      fence: async (owner) => {
        fenced.push(owner);
        return fence;
      },
    }),
    freeze: async (owner, vm) => {
      const wanted = { vmId: vm.id, base: undefined, excludedDiskIds: new Set<string>() };
      const patience = { what: `vm ${vm.name}`, deadlineMs: 30_000 };
      const { plan } = await throughConflicts(lab.deps, patience, () => examineVm(lab.deps, wanted, never), never);
      const request = { owner, vmId: vm.id, vmStatus: "up", plan };
      await beginCapture(lab.deps, request, never);
      return awaitReady(lab.deps, request, never);
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
};
