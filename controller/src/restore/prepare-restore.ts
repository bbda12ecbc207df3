import { usableManager } from "../backups/examine.ts";
import { ownerOf } from "../backups/owner-of.ts";
import type { StepDeps as EngineStepDeps } from "../capture/waiting.ts";
import { changeAttempt } from "../database/attempts-table.ts";
import { writeJournal } from "../database/journal-table.ts";
import type { TaskChange } from "../database/tasks-table.ts";
import { restoredDiskIdOf } from "../hypervisor/marks.ts";
import type { SavedVm } from "../hypervisor/vm-configuration.ts";
import { initializationSchema } from "../hypervisor/vm-settings.ts";
import { findPoint } from "../repositories/find-point.ts";
import { openOfAttempt, sealForAttempt } from "../secrets/attempt-secrets.ts";
import { isRestoreScope, type RestoreScope } from "../sessions/task-scope.ts";
import type { Task } from "../sessions/task.ts";
import type { Try } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { type TargetDisk, makeDisks } from "./engine-steps.ts";
import { type RestorePlan, planRestore } from "./plan-restore.ts";
import { type PreparedRestore } from "./prepared-restore.ts";
import { type ReadPoint, readFoundPoint } from "./read-point.ts";

/** The scope of a task that is a restore. */
export const restoreScopeOf = (task: Task): RestoreScope => {
  if (!isRestoreScope(task.scope)) throw new Error(`task ${task.taskId} is no restore`);
  return task.scope;
};

/** The point and the target of a task, as they are now. */
export const lookAtRestore = async (
  deps: WorkDeps,
  task: Task,
  signal: AbortSignal,
): Promise<{ readonly point: ReadPoint; readonly plan: RestorePlan }> => {
  const scope = restoreScopeOf(task);
  const { repositories } = deps;
  const found = await findPoint([repositories.get(task.repositoryId)], scope.pointId, signal);
  const point = await readFoundPoint(repositories.keys, found, signal);
  const manager = usableManager(deps, task.managerId);
  const inventory = manager.inventory ?? (await manager.refresh(signal));
  const { managerId, name, engineInstanceId } = manager.record;
  const disk = scope.kind === "restore-disk" ? scope.diskId : "";
  const wish = { manager: managerId, cluster: task.clusterId, storageDomain: scope.storageDomainId, disk };
  return { point, plan: planRestore(point, wish, [{ managerId, name, engineInstanceId, inventory }]) };
};

/** Makes the new disks of a restore: their derived ids kept and journalled first (A2), then the engine asked. */
export const prepareRestore = async (
  deps: WorkDeps,
  { task, attempt }: Try,
  signal: AbortSignal,
): Promise<{ readonly prepared: PreparedRestore; readonly change: TaskChange }> => {
  const { point, plan } = await lookAtRestore(deps, task, signal);
  const owner = ownerOf(deps.installationId, attempt);
  const targets = plan.targets.map(({ saved }) => ({
    pointDiskId: saved.id,
    targetDiskId: restoredDiskIdOf(owner, saved.id),
    sizeBytes: saved.sizeBytes,
  }));
  const planned: PreparedRestore = {
    v: 1,
    stage: "planned",
    targets,
    roots: Object.fromEntries(point.manifest.clear.disks.map(({ diskId, root }) => [diskId, root])),
    ...sealedVm(deps, attempt.attemptId, point),
  };
  await changeAttempt(deps.database.queries, attempt.attemptId, { prepared: planned });
  for (const { targetDiskId } of targets) {
    const entry = {
      managerId: task.managerId,
      vmId: "",
      kind: "disk",
      objectId: targetDiskId,
      facts: {},
      ...owner,
    } as const;
    await writeJournal(deps.database.queries, entry, deps.clock.nowMs());
  }
  const made = await makeDisks(engineDeps(deps, task), { owner, disks: targetDisks(task, plan) }, signal);
  return { prepared: { ...planned, stage: "ready", targets: [...made] }, change: {} };
};

/** What the point's VM was: its OVF, and what its guest is told, are sealed for the database. */
const sealedVm = (
  { secrets }: WorkDeps,
  attemptId: string,
  { configuration, manifest }: ReadPoint,
): Pick<PreparedRestore, "configuration" | "initialization" | "ovf"> => {
  const { initialization, ...clear } = configuration;
  const told = initialization === undefined ? "" : JSON.stringify(initialization);
  return {
    configuration: clear,
    initialization: sealForAttempt(secrets, attemptId, told),
    ovf: sealForAttempt(secrets, attemptId, manifest.sealed.ovf),
  };
};

/** The VM that an attempt restores, as it was saved. */
export const savedVmOf = ({ secrets }: WorkDeps, attemptId: string, prepared: PreparedRestore): SavedVm => {
  const told = openOfAttempt(secrets, attemptId, prepared.initialization);
  const ovf = openOfAttempt(secrets, attemptId, prepared.ovf);
  const initialization = told === "" ? undefined : initializationSchema.parse(JSON.parse(told));
  return { configuration: { ...prepared.configuration, initialization }, ovf: ovf === "" ? undefined : ovf };
};

/** What a step on the engine of a task needs. */
export const engineDeps = (deps: WorkDeps, task: Task): EngineStepDeps => ({
  hypervisor: usableManager(deps, task.managerId).hypervisor,
  clock: deps.clock,
  log: deps.log.child({ session: task.sessionId, task: task.taskId }),
});

const targetDisks = (task: Task, plan: RestorePlan): readonly TargetDisk[] => {
  const scope = restoreScopeOf(task);
  return plan.targets.map(({ saved, domain }) => ({
    saved,
    alias: scope.kind === "restore-disk" && scope.alias !== "" ? scope.alias : saved.alias,
    storageDomainId: domain.id,
  }));
};
