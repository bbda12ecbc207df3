import { type CapturePlan, disksToCapture } from "../capture/plan-disks.ts";
import { snapshotPlan } from "../capture/snapshot-plan.ts";
import { changeAttempt, listAttempts } from "../database/attempts-table.ts";
import type { VmDetails } from "../hypervisor/inventory.ts";
import { captureIdOf } from "../hypervisor/marks.ts";
import { sealForAttempt } from "../secrets/attempt-secrets.ts";
import type { Attempt } from "../sessions/attempt.ts";
import { remarkTask } from "../sessions/finish-task.ts";
import type { BackupScope } from "../sessions/task-scope.ts";
import type { TaskAndSession, Try } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { firstWay } from "./capture-way.ts";
import { examineForBackup, usableManager } from "./examine.ts";
import { ownerOf } from "./owner-of.ts";
import type { PreparedBackup } from "./prepared-backup.ts";
import { unreadRemarks } from "./unread-remarks.ts";

/** The scope of a task that is a backup. */
export const scopeOf = ({ task }: Pick<TaskAndSession, "task">): BackupScope => {
  if (task.scope.kind !== "backup") throw new Error(`task ${task.taskId} is no backup`);
  return task.scope;
};

/** Looks at the VM as it is now and keeps what this attempt is going to do, so that a repeat does the same. */
export const planAttempt = async (deps: WorkDeps, what: Try, signal: AbortSignal): Promise<PreparedBackup> => {
  const { task, attempt } = what;
  const scope = scopeOf(what);
  const former = await listAttempts(deps.database.queries, task.taskId);
  const ownCaptureId = captureIdOf(ownerOf(deps.installationId, attempt));
  const wish = { ...task, ...scope, distrustTracking: former.some(brokeTracking), ownCaptureId };
  const { vm, plan, choice } = await examineForBackup(deps, wish, signal);
  const { way, remarks } = firstWay({
    kind: choice.kind,
    vmStatus: vm.status,
    policy: scope.capture,
    failures: former.filter(({ ending }) => ending?.code === "CAPTURE_FAILED").length,
  });
  const { hypervisor, record } = usableManager(deps, task.managerId);
  const saved = await hypervisor.getVmConfiguration(task.vmId, signal);
  const planned: PreparedBackup = {
    v: 1,
    stage: "planned",
    captureId: ownCaptureId,
    vmStatus: vm.status,
    vmName: vm.name,
    plan: way.via === "snapshot" ? snapshotPlan(plan) : plan,
    ovf: sealForAttempt(deps.secrets, attempt.attemptId, saved.ovf ?? ""),
    configurationJson: sealForAttempt(deps.secrets, attempt.attemptId, JSON.stringify(saved.configuration)),
    domainIds: domainsOf(vm, plan),
    era: record.era,
    way,
    remarks: [...choice.remarks, ...remarks, ...unreadRemarks(saved)],
  };
  await keepPlanned(deps, what, planned);
  return planned;
};

/** Keeps what an attempt is going to do, and tells why at once: it may fail. */
export const keepPlanned = (
  { database }: Pick<WorkDeps, "database">,
  { task, attempt }: Try,
  planned: PreparedBackup,
): Promise<void> =>
  database.inTransaction(async (queries) => {
    await changeAttempt(queries, attempt.attemptId, { prepared: planned });
    await remarkTask(queries, task, planned.remarks);
  });

const domainsOf = ({ disks }: VmDetails, plan: CapturePlan): string[] => {
  const frozen = new Set(disksToCapture(plan).map(({ id }) => id));
  return [...new Set(disks.filter(({ id }) => frozen.has(id)).flatMap(({ storageDomainIds }) => storageDomainIds))];
};

/** A transfer that never started, or a capture that failed, may be a bitmap that the engine cannot serve: then nothing is asked of it. */
const brokeTracking = ({ ending }: Attempt): boolean =>
  ending?.code === "TRANSFER_FAILED" || ending?.code === "CAPTURE_FAILED";
