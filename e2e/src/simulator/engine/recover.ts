import { endConversion } from "../disks/convert-disk.ts";
import { captureSpec } from "../backups/capture-spec.ts";
import { endBackup } from "../backups/end-backup.ts";
import { dropHybridSnapshot } from "../backups/hybrid-snapshot.ts";
import { dropDisk } from "../disks/remove-disk.ts";
import { type Backup, isBackupOpen } from "../model/backup.ts";
import type { Vm } from "../model/vm.ts";
import type { Transfers } from "../transfers/transfers.ts";
import { launch, markDown } from "../vms/launch.ts";
import { showStatus } from "../vms/show-status.ts";
import { type Engine, labActor } from "./engine.ts";

const running: readonly Vm["status"][] = ["up", "paused", "saving_state"];

const settleVm = async (engine: Engine, vm: Vm): Promise<void> => {
  for (const checkpoint of vm.checkpoints) checkpoint.removing = false;
  // A snapshot that was still being made when the engine died has not rotated the volumes: the row goes.
  vm.snapshots = vm.snapshots.filter((snapshot) => snapshot.byBackup || snapshot.status === "ok" || snapshot.removing);
  for (const snapshot of vm.snapshots) {
    snapshot.status = "ok";
    snapshot.removing = false;
  }
  if (running.includes(vm.status)) await launch(engine, labActor, vm, {});
  else if (vm.status === "image_locked") showStatus(engine, vm, "down");
  else if (vm.status !== "down" && vm.status !== "suspended") markDown(engine, labActor, vm, "");
};

/** Knows a cold or hybrid capture again; false when there is none to know. */
const resume = async (engine: Engine, vm: Vm, backup: Backup): Promise<boolean> => {
  const overlays = new Map(backup.disks.map(({ diskId }) => [diskId, engine.world.disks.get(diskId)?.imageId ?? ""]));
  const spec = captureSpec(engine, vm, backup, overlays);
  if (spec.kind === "live") return false;
  try {
    await engine.storage.resumeCapture(spec);
    return true;
  } catch (caught) {
    engine.log.warn("a capture did not survive the restart", { err: caught, backup: backup.id });
    return false;
  }
};

/** True when the hybrid backup's overlays have taken the place of the volumes that it reads. */
const hasOverlays = (engine: Engine, backup: Backup): boolean =>
  backup.kind === "hybrid" &&
  backup.disks.every(({ diskId, imageId }) => engine.world.disks.get(diskId)?.imageId !== imageId);

const settleBackup = async (engine: Engine, vm: Vm, backup: Backup): Promise<void> => {
  const { phase } = backup;
  const overlaid = hasOverlays(engine, backup);
  if (backup.kind === "hybrid" && !overlaid) dropHybridSnapshot(engine, vm, backup);
  const mayGoOn = phase === "ready" || phase === "finalizing" || overlaid;
  const resumed = mayGoOn && (await resume(engine, vm, backup));
  if (resumed && phase === "ready") return;
  const actor = { login: backup.madeBy, correlationId: backup.correlationId };
  await endBackup(engine, actor, backup, resumed && phase === "finalizing" ? "succeeded" : "failed");
};

/**
 * After a restart on a state directory: running VMs run again, captures that can go on do, and what died with the
 * process before ends as a failure of it would have.
 */
export const recover = async (engine: Engine, transfers: Transfers): Promise<void> => {
  for (const disk of Array.from(engine.world.disks.values()))
    if (disk.spareVolumeId !== undefined) await endConversion(engine, disk);
    else if (disk.busy) await dropDisk(engine, labActor, disk);
  await transfers.failAll();
  for (const vm of engine.world.vms.values()) await settleVm(engine, vm);
  for (const backup of engine.world.backups.values()) {
    const vm = engine.world.vms.get(backup.vmId);
    if (vm !== undefined && isBackupOpen(backup)) await settleBackup(engine, vm, backup);
  }
  engine.save();
};
