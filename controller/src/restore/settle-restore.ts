import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { ownerOf } from "../backups/owner-of.ts";
import { listJournalOfAttempt } from "../database/journal-table.ts";
import { changeTask } from "../database/tasks-table.ts";
import { parseMark } from "../hypervisor/marks.ts";
import type { Ending } from "../sessions/attempt.ts";
import type { Remark } from "../sessions/remark.ts";
import type { Settled, Standing, Try } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { buildVm, releaseVm } from "./build-vm.ts";
import { completeVm } from "./complete-vm.ts";
import { finishDisk, releaseDisks } from "./engine-steps.ts";
import { engineDeps, restoreScopeOf, savedVmOf } from "./prepare-restore.ts";
import { type PreparedRestore, parsePreparedRestore } from "./prepared-restore.ts";
import { undoRestore } from "./undo-restore.ts";

/** Completes a restore whose disks are written, or takes it back (R6). */
export const settleRestore = async (
  deps: WorkDeps,
  what: Try,
  standing: Standing,
  signal: AbortSignal,
): Promise<Settled> => {
  const prepared = parsePreparedRestore(what.attempt.prepared);
  if (prepared === null) return { kind: "clean", remarks: [] };
  if (standing === "committed") return complete(deps, what, prepared, signal);
  const scope = restoreScopeOf(what.task);
  const vmName = scope.kind === "restore-vm" ? scope.name : undefined;
  const diskIds = prepared.targets.map(({ targetDiskId }) => targetDiskId);
  const owner = ownerOf(deps.installationId, what.attempt);
  await undoRestore(engineDeps(deps, what.task), { owner, vmName, diskIds }, signal);
  return { kind: "clean", remarks: [], change: { restoredVmId: "", restoredVmName: "" } };
};

/** What cannot be completed is undone, unless the engine merely does not answer: then it is asked again. */
const complete = async (
  deps: WorkDeps,
  what: Try,
  prepared: PreparedRestore,
  signal: AbortSignal,
): Promise<Settled> => {
  try {
    return await finish(deps, what, prepared, signal);
  } catch (caught) {
    signal.throwIfAborted();
    const error = HoldfastError.from(caught);
    if (error.code === "ENGINE_UNREACHABLE" || error.code === "INTERNAL") throw caught;
    const ending: Ending = {
      v: 1,
      cause: "failed",
      code: error.code,
      message: error.message,
      retryable: error.retryable,
    };
    return { kind: "spoilt", ending };
  }
};

const finish = async (deps: WorkDeps, what: Try, prepared: PreparedRestore, signal: AbortSignal): Promise<Settled> => {
  const { task } = what;
  const scope = restoreScopeOf(task);
  const engine = engineDeps(deps, task);
  if (task.restoredVmId === "") await finishDisks(deps, what, prepared, signal);
  const disks = prepared.targets.map(({ pointDiskId, targetDiskId: diskId }) => ({
    diskId,
    description: ownWords(prepared.configuration.disks.find(({ id }) => id === pointDiskId)?.description),
  }));
  if (scope.kind === "restore-disk") {
    await releaseDisks(engine, { disks, vmId: undefined }, signal);
    return { kind: "clean", remarks: [] };
  }
  const built =
    task.restoredVmId === "" ? await build(deps, what, prepared, signal) : { vmId: task.restoredVmId, remarks: [] };
  // The VM first: a marked VM over disks that are not would be taken back without them.
  await releaseVm(engine, { vmId: built.vmId, description: prepared.configuration.description }, signal);
  await releaseDisks(engine, { disks, vmId: built.vmId }, signal);
  const { configuration: saved } = savedVmOf(deps, what.attempt.attemptId, prepared);
  const different = await completeVm(engine, { vmId: built.vmId, clusterId: task.clusterId, saved }, signal);
  const started = scope.start ? await start(deps, what, built.vmId, signal) : [];
  return { kind: "clean", remarks: [...built.remarks, ...different, ...started] };
};

/** The user's description; a mark that stood in its place when the VM was backed up is nobody's any more. */
const ownWords = (description = ""): string => (parseMark(description) === undefined ? description : "");

const finishDisks = async (
  deps: WorkDeps,
  what: Try,
  prepared: PreparedRestore,
  signal: AbortSignal,
): Promise<void> => {
  const journal = await listJournalOfAttempt(deps.database.queries, what.attempt);
  for (const { targetDiskId } of prepared.targets) {
    const transferId = journal.find(({ kind, objectId }) => kind === "transfer" && objectId === targetDiskId)?.facts[
      "transferId"
    ];
    if (transferId === undefined)
      throw new HoldfastError("DISK_WRITE_FAILED", `disk ${targetDiskId} was never opened, so it was not written`);
    await finishDisk(engineDeps(deps, what.task), { transferId, diskId: targetDiskId }, signal);
  }
};

/** Builds the VM and keeps its id before it is released, so that a repeat does not take it for another's. */
const build = async (
  deps: WorkDeps,
  { task, attempt }: Try,
  prepared: PreparedRestore,
  signal: AbortSignal,
): Promise<{ readonly vmId: string; readonly remarks: readonly Remark[] }> => {
  const scope = restoreScopeOf(task);
  if (scope.kind !== "restore-vm") throw new Error(`task ${task.taskId} restores no VM`);
  const request = {
    owner: ownerOf(deps.installationId, attempt),
    name: scope.name,
    clusterId: task.clusterId,
    saved: savedVmOf(deps, attempt.attemptId, prepared),
    disks: prepared.targets,
    keepMacs: scope.keepMacs,
  };
  const built = await buildVm(engineDeps(deps, task), request, signal);
  await changeTask(deps.database.queries, task.taskId, { restoredVmId: built.vmId, restoredVmName: scope.name });
  return built;
};

/** A VM that was restored and does not start is restored all the same. */
const start = async (deps: WorkDeps, { task }: Try, vmId: string, signal: AbortSignal): Promise<readonly Remark[]> => {
  const { hypervisor } = engineDeps(deps, task);
  try {
    const vm = await hypervisor.getVm(vmId, signal);
    if (vm.status === "down") await hypervisor.startVm(vmId, signal);
    return [];
  } catch (caught) {
    signal.throwIfAborted();
    const message = `the VM is restored, and could not be started: ${HoldfastError.from(caught).message}`;
    return [{ level: "warning", code: "VM_NOT_STARTED", message, diskId: "" }];
  }
};
