import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AttemptSummarySchema,
  SessionSchema,
  TaskDiskSchema,
  TaskSchema,
} from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { parsePreparedCopy } from "../../copies/prepared-copy.ts";
import { readyRestoreOf } from "../../restore/prepared-restore.ts";
import type { Attempt } from "../../sessions/attempt.ts";
import { noBytes, sumBytes } from "../../sessions/byte-counts.ts";
import type { DiskTotals } from "../../sessions/disk-totals.ts";
import { isRestore, placementTaskOf } from "../../sessions/placement-task-of.ts";
import type { Task } from "../../sessions/task.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toByteCounts, toRemark, toResult } from "../to-common.ts";
import type { ShownSession, ShownTask } from "./read-session.ts";

type ViewDeps = Pick<ApiDeps, "managers" | "progress" | "board">;

/** A session as operators see it; lists leave disks, remarks and attempts of its tasks out. */
export const toSession = (
  deps: ViewDeps,
  shown: ShownSession,
  withDisks = true,
): MessageInitShape<typeof SessionSchema> => {
  const { session } = shown;
  return {
    sessionId: session.sessionId,
    kind: session.kind,
    jobId: session.jobId,
    jobName: session.jobName,
    state: session.state,
    result: toResult(session.result),
    trigger: session.trigger,
    createdMs: BigInt(session.createdMs),
    startedMs: BigInt(session.startedMs ?? 0),
    endedMs: BigInt(session.endedMs ?? 0),
    tasks: shown.tasks.map((task) => toTask(deps, task, withDisks)),
    remarks: session.remarks.map(toRemark),
    ...progressOfMaintenance(deps, session.sessionId),
    bytes: toByteCounts(sumBytes(shown.tasks.flatMap((task) => totalsOf(deps, task).map(({ bytes }) => bytes)))),
  };
};

const progressOfMaintenance = ({ board }: ViewDeps, sessionId: string) => {
  const progress = board.of(sessionId);
  if (progress === undefined) return {};
  const { phase, done, total, unit } = progress;
  return { progress: { phase, done: BigInt(done), total: BigInt(total), unit } };
};

const toTask = (deps: ViewDeps, shown: ShownTask, withDisks: boolean): MessageInitShape<typeof TaskSchema> => {
  const { task } = shown;
  return {
    taskId: task.taskId,
    vmId: task.vmId,
    vmName: task.vmName,
    ...placeOf(deps, task),
    ...progressOf(deps, shown),
    state: task.state,
    result: toResult(task.result),
    placement: task.placement,
    capture: task.plan?.captureKind ?? "",
    consistency: task.plan?.consistency ?? "",
    basePointId: task.plan?.capture.basePointId ?? "",
    pointId: task.pointId,
    startedMs: BigInt(task.startedMs ?? 0),
    endedMs: BigInt(task.endedMs ?? 0),
    disks: withDisks ? toDisks(deps, shown) : [],
    remarks: withDisks ? task.remarks.map(toRemark) : [],
    attempts: withDisks ? shown.attempts.map(toAttempt) : [],
    restoredVmId: task.restoredVmId,
    restoredVmName: task.restoredVmName,
  };
};

const placeOf = ({ managers }: ViewDeps, task: Task) => {
  const { managerName, clusterName, clusterId } = placementTaskOf({ ...task, isRestore: isRestore(task) }, managers);
  return { managerName, clusterName: clusterName === clusterId ? "" : clusterName };
};

const progressOf = (deps: ViewDeps, { task, attempts, queued }: ShownTask) => {
  const last = attempts.at(-1);
  return {
    doing: queued?.words ?? doingOf(deps, task, last),
    queuePlace: queued?.place ?? 0,
    agentName: last?.agentName ?? "",
    attemptNumber: last?.number ?? 0,
  };
};

const doingOf = (deps: ViewDeps, task: Task, last: Attempt | undefined): string => {
  const phase = task.state === "running" && last !== undefined ? deps.progress.of(last.attemptId)?.phase : undefined;
  return phase === undefined || phase === "" ? task.doing : phase;
};

/** What the open attempt tells now, else what the task came to. */
const totalsOf = ({ progress }: ViewDeps, { task, attempts }: ShownTask): readonly DiskTotals[] => {
  const last = attempts.at(-1);
  const live = last?.state === "open" ? progress.of(last.attemptId)?.disks : undefined;
  return live ?? task.totals;
};

/** Of a disk that nobody told of yet. */
const noTotals = { mode: "", reason: "", route: "", routeReason: "", bytes: noBytes } as const;

const toDisks = (deps: ViewDeps, shown: ShownTask): MessageInitShape<typeof TaskDiskSchema>[] => {
  const last = shown.attempts.at(-1);
  const totals = new Map(totalsOf(deps, shown).map((one) => [one.diskId, one]));
  return plannedDisks(shown).map((disk) => {
    const total = totals.get(disk.diskId) ?? noTotals;
    const rate = last?.state === "open" ? deps.progress.rateOf(last.attemptId, disk.diskId) : 0;
    return {
      ...disk,
      mode: total.mode || disk.mode,
      reason: total.reason || disk.reason,
      route: total.route,
      routeReason: total.routeReason,
      bytes: toByteCounts(total.bytes),
      bytesPerSecond: BigInt(rate),
    };
  });
};

interface ShownDisk {
  readonly diskId: string;
  readonly alias: string;
  readonly sizeBytes: bigint;
  readonly mode: string;
  readonly reason: string;
  readonly restoredDiskId?: string;
}

const plannedDisks = ({ task, attempts }: ShownTask): readonly ShownDisk[] => {
  if (task.plan !== null) {
    return task.plan.capture.disks.map(({ id, alias, sizeBytes, mode, reason }) => ({
      diskId: id,
      alias,
      sizeBytes: BigInt(sizeBytes),
      mode,
      reason,
    }));
  }
  if (task.scope.kind === "copy") return copiedDisks(attempts);
  const ready = attempts.findLast(({ prepared }) => isReadyRestore(prepared));
  if (task.scope.kind === "backup" || ready === undefined) return [];
  const { targets, configuration } = readyRestoreOf(ready.prepared);
  return targets.map(({ pointDiskId, targetDiskId, sizeBytes }) => ({
    diskId: pointDiskId,
    restoredDiskId: targetDiskId,
    alias: configuration.disks.find(({ id }) => id === pointDiskId)?.alias ?? "",
    sizeBytes: BigInt(sizeBytes),
    mode: "full",
    reason: "restore",
  }));
};

const copiedDisks = (attempts: readonly Attempt[]): readonly ShownDisk[] => {
  const prepared = attempts.findLast((attempt) => attempt.prepared !== null)?.prepared;
  if (prepared === undefined) return [];
  const { clear, sealed } = parsePreparedCopy(prepared);
  return clear.disks.map(({ diskId, sizeBytes, mode, reason }) => ({
    diskId,
    alias: sealed.diskAliases[diskId] ?? "",
    sizeBytes: BigInt(sizeBytes),
    mode,
    reason,
  }));
};

const isReadyRestore = (prepared: unknown): boolean =>
  typeof prepared === "object" &&
  prepared !== null &&
  "targets" in prepared &&
  "stage" in prepared &&
  prepared.stage === "ready";

const states = { open: "running", ending: "running" } as const;

const toAttempt = (attempt: Attempt): MessageInitShape<typeof AttemptSummarySchema> => ({
  number: attempt.number,
  agentName: attempt.agentName,
  startedMs: BigInt(attempt.startedMs),
  endedMs: BigInt(attempt.endedMs ?? 0),
  state: attempt.state === "open" || attempt.state === "ending" ? states[attempt.state] : attempt.state,
  code: attempt.ending?.code ?? "",
  message: attempt.ending?.message ?? "",
});
