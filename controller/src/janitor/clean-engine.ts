import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";

import { closeDisk } from "../capture/open-disk.ts";
import { endCapture, mergeSnapshot } from "../capture/end-capture.ts";
import { removeCheckpoint } from "../capture/remove-checkpoints.ts";
import { type StepDeps, throughConflicts } from "../capture/waiting.ts";
import { correlated } from "../hypervisor/correlation.ts";
import { type Owner, correlationIdOf, markOf, markPrefixOf } from "../hypervisor/marks.ts";
import { removeDiskWholly, removeVmWholly } from "../restore/undo-restore.ts";
import type { CleaningAction, LeftAlone } from "./cleaning-actions.ts";
import { linesOf } from "./lines-of.ts";
import { type Known, planCleaning } from "./plan-cleaning.ts";

/** What a repository says to a fence; `unanswered` keeps the checkpoints of the owner (A7). */
export type FenceAnswer = "retired" | "committed" | "unanswered";

/** What the janitor works with. */
export interface JanitorDeps extends StepDeps {
  readonly installationId: string;
  /** What we know now; called after each survey. */
  known(signal: AbortSignal): Promise<Known>;
  /** Keeps that a guest was thawed, so that it is not asked again. */
  noteThawed(owner: Owner, vmId: string): Promise<void>;
  /** Fences an attempt in every repository that may have it; fails only when cancelled. */
  fence(owner: Owner, signal: AbortSignal): Promise<FenceAnswer>;
  /** Told each pass as it ends. */
  onPass?(pass: PassResult): void;
}

/** How long the janitor goes on. */
export interface JanitorPace {
  /** The longest that a request of ours may be under way: what was asked before a pass has arrived one such time later. */
  readonly requestTimeoutMs: number;
  /** Passes at most; what is left then is for the next call. */
  readonly maxPasses: number;
}

/** What a call of the janitor did. */
export interface CleaningReport {
  readonly passes: number;
  readonly done: readonly CleaningAction[];
  readonly failed: readonly { readonly action: CleaningAction; readonly error: HoldfastError }[];
  readonly left: readonly LeftAlone[];
  /** VMs of which the last pass could not tell what they have. */
  readonly unread: readonly { readonly vmId: string; readonly error: HoldfastError }[];
  /** Things of ours that the engine was still ending by itself at the last pass. */
  readonly ending: number;
  /** True when two passes, a request time-out apart, found nothing, and nothing of ours that is still ending. */
  readonly isClean: boolean;
}

/**
 * Cleans one engine of what is ours and nobody works on, pass after pass until two in a row found nothing. A failed action is
 * told and tried again by the next pass. Fails only when the engine cannot be surveyed, what is known cannot be read, or
 * the signal says stop.
 */
export const cleanEngine = async (
  deps: JanitorDeps,
  pace: JanitorPace,
  signal: AbortSignal,
): Promise<CleaningReport> => {
  const done: CleaningAction[] = [];
  let last: PassResult = { done: [], failed: [], left: [], unread: [], ending: 0 };
  let quiet = 0;
  let passes = 0;
  while (quiet < 2 && passes < pace.maxPasses) {
    if (passes > 0) await deps.clock.sleep(pace.requestTimeoutMs, signal);
    last = await cleanOnce(deps, signal);
    deps.onPass?.(last);
    done.push(...last.done);
    quiet = last.done.length + last.failed.length + last.unread.length + last.ending === 0 ? quiet + 1 : 0;
    passes += 1;
  }
  return { ...last, passes, done, isClean: quiet >= 2 };
};

/** What one pass did. */
export type PassResult = Pick<CleaningReport, "done" | "failed" | "left" | "unread" | "ending">;

/** One pass: look, decide, do. What fails, or takes its time, stops nothing that another attempt or VM left. */
export const cleanOnce = async (deps: JanitorDeps, signal: AbortSignal): Promise<PassResult> => {
  const found = await deps.hypervisor.survey({ markPrefix: markPrefixOf(deps.installationId) }, signal);
  const { actions, left, ending } = planCleaning(found, await deps.known(signal), deps.installationId);
  const unread = found.vms.flatMap(({ vm, unread: error }) => (error === undefined ? [] : [{ vmId: vm.id, error }]));
  const pass: Pass = { deps, merging: 0, unanswered: new Set(), done: [], failed: [] };
  const places = new Semaphore(linesAtOnce);
  for (const lines of linesOf(actions)) {
    await Promise.all(
      lines.map(async (line) => {
        using _place = await places.acquire(signal);
        for (const action of line) await tryAction(pass, action, signal);
      }),
    );
  }
  return { done: pass.done, failed: pass.failed, left, unread, ending: ending + pass.merging };
};

interface Pass {
  readonly deps: JanitorDeps;
  /** Snapshots that the engine was asked to merge, and was still at it when they were no longer waited for. */
  merging: number;
  /** Marks of attempts whose fence was not answered. */
  readonly unanswered: Set<string>;
  readonly done: CleaningAction[];
  readonly failed: { readonly action: CleaningAction; readonly error: HoldfastError }[];
}

const tryAction = async (pass: Pass, action: CleaningAction, signal: AbortSignal): Promise<void> => {
  const { deps, unanswered, done, failed } = pass;
  if (action.kind === "remove-checkpoint" && unanswered.has(markOf(action.owner))) return;
  try {
    await correlated(correlationIdOf(action.owner), () => carryOut(deps, action, unanswered, signal));
    done.push(action);
    deps.log.info("the janitor cleaned something", factsOf(action));
  } catch (caught) {
    signal.throwIfAborted();
    const error = HoldfastError.from(caught);
    if (action.kind === "remove-snapshot" && error.code === "TIMEOUT") {
      pass.merging += 1;
      deps.log.info("the engine is still merging a snapshot", factsOf(action));
      return;
    }
    failed.push({ action, error });
    const fields = { ...factsOf(action), err: caught };
    if (error.code === "INTERNAL") deps.log.error("the janitor could not clean something, by a bug", fields);
    else deps.log.warn("the janitor could not clean something", fields);
  }
};

/** An engine is not asked to end everything at once. */
const linesAtOnce = 4;

/** A long merge is not waited for here: other leftovers stand in line, and the next pass looks again. */
const captureEndMs = 60_000;
const mergedMs = 60_000;

/** A busy VM is left to the next pass too. */
const mergeBusyMs = 10_000;

const factsOf = ({ owner, ...action }: CleaningAction): Record<string, unknown> => ({
  ...action,
  task: owner.taskId,
  attempt: owner.attemptNumber,
});

const carryOut = async (
  deps: JanitorDeps,
  action: CleaningAction,
  unanswered: Set<string>,
  signal: AbortSignal,
): Promise<void> => {
  const correlationId = correlationIdOf(action.owner);
  switch (action.kind) {
    case "fence":
      unanswered.add(markOf(action.owner));
      if ((await deps.fence(action.owner, signal)) !== "unanswered") unanswered.delete(markOf(action.owner));
      return;
    case "thaw-guest":
      await thaw(deps, action, signal);
      return;
    case "close-transfer":
      await closeDisk(deps, { ...action, succeeded: false }, signal);
      return;
    case "end-capture":
      await endCapture(deps, { ...action, correlationId, endMs: captureEndMs, mergedMs }, signal);
      return;
    case "remove-snapshot":
      await mergeSnapshot(deps, { ...action, correlationId, busyMs: mergeBusyMs, mergedMs }, signal);
      return;
    case "remove-vm":
      await removeVmWholly(deps, action, signal);
      return;
    case "remove-disk":
      await removeDiskWholly(deps, action.diskId, signal);
      return;
    case "unmark-vm":
    case "unmark-disk":
      await unmark(deps, action, signal);
      return;
    case "remove-checkpoint":
      await removeCheckpoint(deps, action, signal);
      return;
  }
};

/** An engine that refuses is not asked again: the guest may have gone on long ago. */
const thaw = async (
  deps: JanitorDeps,
  { vmId, owner }: { readonly vmId: string; readonly owner: Owner },
  signal: AbortSignal,
): Promise<void> => {
  try {
    await deps.hypervisor.thawGuest({ vmId, correlationId: correlationIdOf(owner) }, signal);
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_FAULT", "ENGINE_CONFLICT")) throw caught;
    deps.log.warn("the engine refuses to thaw a guest that was asked to hold still", { vm: vmId, err: caught });
  }
  await deps.noteThawed(owner, vmId);
};

const unmark = async (
  deps: StepDeps,
  action: CleaningAction & { readonly kind: "unmark-vm" | "unmark-disk" },
  signal: AbortSignal,
): Promise<void> => {
  const { hypervisor } = deps;
  const isVm = action.kind === "unmark-vm";
  const what = isVm ? action.vmId : action.diskId;
  const ask = (): Promise<void> =>
    isVm
      ? hypervisor.describeVm({ vmId: action.vmId, description: "" }, signal)
      : hypervisor.describeDisk({ ...action, description: "" }, signal);
  try {
    await throughConflicts(deps, { what, deadlineMs: 30_000 }, ask, signal);
  } catch (caught) {
    if (!hasCode(caught, "NOT_FOUND")) throw caught;
  }
};
