import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { asksChanges } from "../capture/plan-disks.ts";
import type { Host } from "../hypervisor/inventory.ts";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import type { OpenableDisk, TaskAndSession, TaskWork, Try } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { withRemarks } from "../sessions/remark.ts";
import type { TaskChange } from "../database/tasks-table.ts";
import { askFence } from "./ask-fence.ts";
import { backupOrders } from "./backup-orders.ts";
import { examineForBackup } from "./examine.ts";
import { preferredHost } from "./preferred-host.ts";
import { prepareBackup } from "./prepare-backup.ts";
import { readyBackupOf } from "./prepared-backup.ts";
import { settleBackup } from "./settle-backup.ts";

/** Backups: a VM's disks are frozen, read by an agent, and committed as a point. */
export const createBackupWork = (deps: WorkDeps): TaskWork => ({
  preflight: (what, signal) => preflight(deps, what, signal),
  prepare: (what, signal) => prepareBackup(deps, what, signal),
  orders: (what) => {
    const manager = deps.managers.get(what.task.managerId);
    return backupOrders(what, {
      installationId: deps.installationId,
      managerName: manager.record.name,
      cluster: manager.inventory?.clusters.find(({ id }) => id === what.task.clusterId),
      repository: deps.repositories.get(what.task.repositoryId),
      settings: deps.settings,
      secrets: deps.secrets,
      taskToken: deps.taskTokens.forBackup(what),
      keys: deps.repositories.keys.find(what.task.repositoryId)?.keys.sealing,
    });
  },
  openable: (what, diskId) => openable(deps, what, diskId),
  verdict: (what, signal) => askFence(deps, what, signal),
  settle: (what, standing, signal) => settleBackup(deps, what, standing, signal),
});

const preflight = async (deps: WorkDeps, { task }: TaskAndSession, signal: AbortSignal): Promise<TaskChange> => {
  if (task.scope.kind !== "backup") throw new Error(`task ${task.taskId} is no backup`);
  const wish = { ...task, ...task.scope, distrustTracking: false };
  const { vm, plan, choice } = await examineForBackup(deps, wish, signal);
  return {
    vmName: vm.name,
    clusterId: vm.clusterId,
    plan: { v: 1, captureKind: choice.kind, vmStatus: vm.status, capture: plan, consistency: "" },
    remarks: withRemarks(task.remarks, [...choice.remarks, ...plan.remarks]),
  };
};

const openable = (deps: WorkDeps, { task, attempt }: Try, diskId: string): OpenableDisk => {
  const ready = readyBackupOf(attempt.prepared);
  const disk = ready.plan.disks.find(({ id, mode }) => id === diskId && mode !== "skipped");
  if (disk === undefined) throw new HoldfastError("NOT_FOUND", `attempt ${attempt.attemptId} has no disk ${diskId}`);
  return {
    diskId,
    direction: "download",
    ...(ready.kind === "snapshot"
      ? { captureId: undefined, snapshotId: ready.snapshotId }
      : { captureId: ready.captureId }),
    vmId: task.vmId,
    sizeBytes: disk.sizeBytes,
    hasDirty: asksChanges(disk),
    hostId:
      ready.vmStatus === "down" || ready.kind === "snapshot"
        ? preferredHost(deps.agents.find(attempt.agentId), hostsOf(deps.managers.find(task.managerId), task.clusterId))
        : undefined,
  };
};

const hostsOf = (manager: ManagerConnection | undefined, clusterId: string): readonly Host[] =>
  manager?.inventory?.hosts.filter((host) => host.clusterId === clusterId && host.status === "up") ?? [];
