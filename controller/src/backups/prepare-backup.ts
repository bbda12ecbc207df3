import { readCaptureEvents } from "../capture/capture-events.ts";
import { throughConflicts } from "../capture/waiting.ts";
import { consistencyReached, judgeConsistency } from "../capture/consistency.ts";
import { endCapture } from "../capture/end-capture.ts";
import { snapshotPlan } from "../capture/snapshot-plan.ts";
import type { TaskChange } from "../database/tasks-table.ts";
import type { EngineEvent } from "../hypervisor/events.ts";
import { captureIdOf, correlationIdOf } from "../hypervisor/marks.ts";
import type { Remark } from "../sessions/remark.ts";
import { withRemarks } from "../sessions/remark.ts";
import type { Try } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { busyPatience } from "./busy-patience.ts";
import { nextWay } from "./capture-way.ts";
import { usableManager } from "./examine.ts";
import { freezeDisks } from "./freeze-disks.ts";
import type { FreezeDeps, Freezing, FrozenDisks } from "./freezing.ts";
import { ownerOf } from "./owner-of.ts";
import { keepPlanned, planAttempt, scopeOf } from "./plan-attempt.ts";
import { type PreparedBackup, type ReadyBackup, parsePrepared } from "./prepared-backup.ts";

/**
 * Has an attempt's disks frozen and waits until they can be read: plan kept, intent journalled, then the engine asked (A2). Where
 * one way of freezing fails and the job allows another, that is kept and taken.
 */
export const prepareBackup = async (
  deps: WorkDeps,
  what: Try,
  signal: AbortSignal,
): Promise<{ readonly prepared: ReadyBackup; readonly change: TaskChange }> => {
  const { task } = what;
  const engine = {
    hypervisor: usableManager(deps, task.managerId).hypervisor,
    clock: deps.clock,
    log: deps.log.child({ session: task.sessionId, task: task.taskId }),
  };
  const freezeDeps: FreezeDeps = { engine, database: deps.database };
  const busy = busyPatience(deps, task);
  const planned =
    parsePrepared(what.attempt.prepared) ??
    (await throughConflicts(engine, busy, () => planAttempt(deps, what, signal), signal));
  const { kept, frozen } = await freezeSomehow(deps, freezeDeps, { what, planned }, signal);
  const { level, remarks } = await judge(freezeDeps, { what, kept, frozen }, signal);

  const prepared = toReady(kept, frozen, { consistency: level, capturedMs: deps.clock.nowMs() });
  const { kind: captureKind, plan: capture } = frozen;
  const plan = { v: 1, captureKind, vmStatus: kept.vmStatus, capture, consistency: level } as const;
  const told = [...kept.remarks, ...capture.remarks, ...remarks] satisfies readonly Remark[];
  return { prepared, change: { plan, remarks: withRemarks(task.remarks, told) } };
};

interface Planned {
  readonly what: Try;
  readonly planned: PreparedBackup;
}

const freezeSomehow = async (
  deps: WorkDeps,
  freezeDeps: FreezeDeps,
  { what, planned }: Planned,
  signal: AbortSignal,
): Promise<{ readonly kept: PreparedBackup; readonly frozen: FrozenDisks }> => {
  let kept = planned;
  for (;;) {
    try {
      return { kept, frozen: await freezeDisks(freezeDeps, toFreezing(deps, what, kept), signal) };
    } catch (caught) {
      signal.throwIfAborted();
      const next = nextWay(kept.way, caught, { vmStatus: kept.vmStatus, policy: scopeOf(what).capture });
      if (next === undefined) throw caught;
      freezeDeps.engine.log.info("the disks are frozen in another way", { from: kept.way, to: next.way, err: caught });
      kept = await stepDown(deps, freezeDeps, { what, planned: kept, next }, signal);
    }
  }
};

const toFreezing = (deps: WorkDeps, { task, attempt }: Try, kept: PreparedBackup): Freezing => ({
  owner: ownerOf(deps.installationId, attempt),
  managerId: task.managerId,
  vmId: task.vmId,
  vmStatus: kept.vmStatus,
  plan: kept.plan,
  way: kept.way,
  captureId: kept.captureId,
  onBusy: busyPatience(deps, task).onBusy,
});

/** Ends what the way that failed has on the engine, then keeps the next one. */
const stepDown = async (
  deps: WorkDeps,
  { engine }: FreezeDeps,
  { what, planned, next }: Planned & { readonly next: NonNullable<ReturnType<typeof nextWay>> },
  signal: AbortSignal,
): Promise<PreparedBackup> => {
  const { task, attempt } = what;
  const owner = ownerOf(deps.installationId, attempt);
  const { captureId } = planned;
  await endCapture(engine, { vmId: task.vmId, captureId, correlationId: correlationIdOf(owner) }, signal);
  const { way, remarks } = next;
  const isSnapshot = way.via === "snapshot";
  const kept: PreparedBackup = {
    ...planned,
    way,
    remarks: [...planned.remarks, ...remarks],
    plan: isSnapshot ? snapshotPlan(planned.plan) : planned.plan,
    captureId: isSnapshot ? planned.captureId : captureIdOf(owner, way.round),
  };
  await keepPlanned(deps, what, kept);
  return kept;
};

interface Judged {
  readonly what: Try;
  readonly kept: PreparedBackup;
  readonly frozen: FrozenDisks;
}

const judge = async ({ engine }: FreezeDeps, { what, kept, frozen }: Judged, signal: AbortSignal) => {
  const { vmStatus, captureId } = kept;
  const { isProven } = frozen;
  const { taskId, number: attemptNumber } = what.attempt;
  const asked = { captureId, correlationId: correlationIdOf({ taskId, attemptNumber }), endedWell: true };
  // Of a log that cannot be read no frozen guest is known.
  const events: readonly EngineEvent[] =
    vmStatus === "down" || isProven ? [] : await readCaptureEvents(engine, asked, signal);
  const level = consistencyReached({ vmStatus, isProven, events });
  return { level, remarks: judgeConsistency(scopeOf(what).capture.consistency, level, events) };
};

const toReady = (
  kept: PreparedBackup,
  frozen: FrozenDisks,
  reached: Pick<ReadyBackup, "consistency" | "capturedMs">,
): ReadyBackup => ({
  ...kept,
  ...reached,
  stage: "ready",
  plan: frozen.plan,
  kind: frozen.kind,
  checkpointId: frozen.checkpointId ?? "",
  snapshotId: frozen.snapshotId ?? "",
  hostId: frozen.hostId ?? "",
});
