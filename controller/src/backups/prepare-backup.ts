import { listAttempts, changeAttempt } from "../database/attempts-table.ts";
import { writeJournal } from "../database/journal-table.ts";
import { awaitReady, beginCapture, type BeginRequest, type ReadyCapture } from "../capture/begin-capture.ts";
import { type StepDeps as CaptureDeps, throughConflicts } from "../capture/waiting.ts";
import { type CapturePlan, disksToCapture } from "../capture/plan-disks.ts";
import type { VmDetails } from "../hypervisor/inventory.ts";
import { type Owner, captureIdOf } from "../hypervisor/marks.ts";
import { sealForAttempt } from "../secrets/attempt-secrets.ts";
import type { Attempt } from "../sessions/attempt.ts";
import type { JournalEntry } from "../sessions/journal.ts";
import type { Remark } from "../sessions/remark.ts";
import { withRemarks } from "../sessions/remark.ts";
import type { Try } from "../sessions/task-work.ts";
import type { TaskChange } from "../database/tasks-table.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { examineForBackup, usableManager } from "./examine.ts";
import { ownerOf } from "./owner-of.ts";
import { busyPatience } from "./busy-patience.ts";
import { type PreparedBackup, type ReadyBackup, parsePrepared } from "./prepared-backup.ts";

/** Starts an attempt's capture and waits until its disks can be read: plan kept, intent journalled, then the engine asked (A2). */
export const prepareBackup = async (
  deps: WorkDeps,
  what: Try,
  signal: AbortSignal,
): Promise<{ readonly prepared: ReadyBackup; readonly change: TaskChange }> => {
  const { task } = what;
  const { hypervisor } = usableManager(deps, task.managerId);
  const captureDeps: CaptureDeps = {
    hypervisor,
    clock: deps.clock,
    log: deps.log.child({ session: task.sessionId, task: task.taskId }),
  };
  const busy = busyPatience(deps, task);
  const kept =
    parsePrepared(what.attempt.prepared) ??
    (await throughConflicts(captureDeps, busy, () => planAttempt(deps, what, signal), signal));
  const owner = ownerOf(deps.installationId, what.attempt);
  await writeJournal(deps.database.queries, captureEntry(what, owner, {}), deps.clock.nowMs());

  const request: BeginRequest = {
    owner,
    vmId: task.vmId,
    vmStatus: kept.vmStatus,
    plan: kept.plan,
    onBusy: busy.onBusy,
  };
  const begun = await beginCapture(captureDeps, request, signal);
  const capture = await awaitReady(captureDeps, { ...request, plan: begun.plan }, signal);
  const prepared = toReady(kept, capture, deps.clock.nowMs());
  await writeJournal(
    deps.database.queries,
    captureEntry(what, owner, { snapshotId: prepared.snapshotId }),
    deps.clock.nowMs(),
  );
  const remarks = withRemarks(task.remarks, capture.plan.remarks satisfies readonly Remark[]);
  const plan = { v: 1, captureKind: capture.kind, vmStatus: kept.vmStatus, capture: capture.plan } as const;
  return { prepared, change: { plan, remarks } };
};

/** Looks at the VM as it is now and keeps what this attempt is going to do, so that a repeat does the same. */
const planAttempt = async (deps: WorkDeps, { task, attempt }: Try, signal: AbortSignal): Promise<PreparedBackup> => {
  if (task.scope.kind !== "backup") throw new Error(`task ${task.taskId} is no backup`);
  const former = await listAttempts(deps.database.queries, task.taskId);
  const { excludedDiskIds, wholeRead } = task.scope;
  const ownCaptureId = captureIdOf(ownerOf(deps.installationId, attempt));
  const distrustTracking = former.some(brokeTracking);
  const wish = { ...task, excludedDiskIds, wholeRead, distrustTracking, ownCaptureId };
  const { vm, plan } = await examineForBackup(deps, wish, signal);
  const { hypervisor, record } = usableManager(deps, task.managerId);
  const saved = await hypervisor.getVmConfiguration(task.vmId, signal);
  const planned: PreparedBackup = {
    v: 1,
    stage: "planned",
    captureId: ownCaptureId,
    vmStatus: vm.status,
    vmName: vm.name,
    plan,
    ovf: sealForAttempt(deps.secrets, attempt.attemptId, saved.ovf ?? ""),
    configurationJson: sealForAttempt(deps.secrets, attempt.attemptId, JSON.stringify(saved.configuration)),
    domainIds: domainsOf(vm, plan),
    era: record.era,
  };
  await changeAttempt(deps.database.queries, attempt.attemptId, { prepared: planned });
  return planned;
};

const domainsOf = ({ disks }: VmDetails, plan: CapturePlan): string[] => {
  const frozen = new Set(disksToCapture(plan).map(({ id }) => id));
  return [...new Set(disks.filter(({ id }) => frozen.has(id)).flatMap(({ storageDomainIds }) => storageDomainIds))];
};

/** A transfer that never started, or a capture that failed, may be a bitmap that the engine cannot serve: then nothing is asked of it. */
const brokeTracking = ({ ending }: Attempt): boolean =>
  ending?.code === "TRANSFER_FAILED" || ending?.code === "CAPTURE_FAILED";

const toReady = (kept: PreparedBackup, capture: ReadyCapture, capturedMs: number): ReadyBackup => ({
  v: 1,
  stage: "ready",
  captureId: capture.captureId,
  vmStatus: kept.vmStatus,
  vmName: kept.vmName,
  plan: capture.plan,
  ovf: kept.ovf,
  configurationJson: kept.configurationJson,
  domainIds: kept.domainIds,
  era: kept.era,
  kind: capture.kind,
  checkpointId: capture.checkpointId ?? "",
  snapshotId: capture.snapshotId ?? "",
  hostId: capture.hostId ?? "",
  capturedMs,
});

const captureEntry = ({ task }: Try, owner: Owner, facts: JournalEntry["facts"]): JournalEntry => ({
  managerId: task.managerId,
  taskId: owner.taskId,
  attemptNumber: owner.attemptNumber,
  attemptId: owner.attemptId,
  kind: "capture",
  vmId: task.vmId,
  objectId: captureIdOf(owner),
  facts,
});
