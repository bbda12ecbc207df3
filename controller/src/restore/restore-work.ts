import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { fromHex } from "@holdfast/shared/format/content-id";
import { fromOpeningKeys } from "@holdfast/shared/keys/keys-message";
import { usableManager } from "../backups/examine.ts";
import { preferredHost } from "../backups/preferred-host.ts";
import type { TaskChange } from "../database/tasks-table.ts";
import { withRemarks } from "../sessions/remark.ts";
import type { OpenableDisk, Orders, TaskAndSession, TaskWork, Try } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { lookAtRestore, prepareRestore, restoreScopeOf } from "./prepare-restore.ts";
import { readyRestoreOf } from "./prepared-restore.ts";
import { settleRestore } from "./settle-restore.ts";

/** Restores: new disks are made, an agent writes a point's content into them, and a VM is built around them. */
export const createRestoreWork = (deps: WorkDeps): TaskWork => ({
  preflight: (what, signal) => preflight(deps, what, signal),
  prepare: (what, signal) => prepareRestore(deps, what, signal),
  orders: (what) => orders(deps, what),
  openable: (what, diskId) => openable(deps, what, diskId),
  verdict: ({ attempt }) =>
    Promise.resolve(attempt.ending?.cause === "succeeded" ? { kind: "committed", change: {} } : { kind: "retired" }),
  settle: (what, standing, signal) => settleRestore(deps, what, standing, signal),
});

const preflight = async (deps: WorkDeps, { task }: TaskAndSession, signal: AbortSignal): Promise<TaskChange> => {
  const { plan } = await lookAtRestore(deps, task, signal);
  const scope = restoreScopeOf(task);
  if (scope.kind === "restore-vm") {
    const [taken] = await usableManager(deps, task.managerId).hypervisor.findVms(scope.name, signal);
    if (taken !== undefined)
      throw new HoldfastError("ALREADY_EXISTS", `manager ${plan.managerName} has a VM ${scope.name}`);
  }
  return { clusterId: plan.cluster.id, remarks: withRemarks(task.remarks, plan.remarks) };
};

const orders = (deps: WorkDeps, what: Try): Orders => {
  const { task, attempt } = what;
  const { pointId } = restoreScopeOf(task);
  const repository = deps.repositories.get(task.repositoryId);
  const held = deps.repositories.keys.find(repository.repositoryId);
  const { targets, roots } = readyRestoreOf(attempt.prepared);
  return {
    case: "restore",
    value: {
      repository: { repositoryId: repository.repositoryId, address: repository.address },
      pointId,
      taskToken: deps.taskTokens.forRestore(what, pointId),
      ...(held === undefined ? {} : { keys: fromOpeningKeys(held.keys.opening) }),
      lanes: deps.settings.lanes,
      disks: targets.map(({ pointDiskId, targetDiskId, sizeBytes }) => ({
        root: fromHex(roots[pointDiskId] ?? ""),
        diskId: pointDiskId,
        targetDiskId,
        sizeBytes: BigInt(sizeBytes),
      })),
    },
  };
};

const openable = (deps: WorkDeps, { task, attempt }: Try, diskId: string): OpenableDisk => {
  const target = readyRestoreOf(attempt.prepared).targets.find(({ targetDiskId }) => targetDiskId === diskId);
  if (target === undefined) throw new HoldfastError("NOT_FOUND", `attempt ${attempt.attemptId} has no disk ${diskId}`);
  const hosts = deps.managers.find(task.managerId)?.inventory?.hosts ?? [];
  const near = hosts.filter(({ clusterId, status }) => clusterId === task.clusterId && status === "up");
  return {
    diskId,
    direction: "upload",
    captureId: undefined,
    vmId: "",
    sizeBytes: target.sizeBytes,
    hasDirty: false,
    hostId: preferredHost(deps.agents.find(attempt.agentId), near),
  };
};
