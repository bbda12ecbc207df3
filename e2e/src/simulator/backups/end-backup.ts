import { refreshSizes } from "../disks/make-disk.ts";
import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import { tellPhase } from "../faults/engine-hooks.ts";
import type { Backup } from "../model/backup.ts";
import type { CaptureEnd } from "../storage/block-layer.ts";
import { endHybridSnapshot, lockHybridSnapshot } from "./hybrid-snapshot.ts";

const endCapture = async (engine: Engine, actor: Actor, backup: Backup): Promise<void> => {
  if (engine.storage.findCapture(backup.id) === undefined) return;
  const ends: readonly CaptureEnd[] = await engine.storage.endCapture(backup.id);
  endHybridSnapshot(engine, actor, backup, ends);
  for (const { diskId } of backup.disks) {
    const disk = engine.world.disks.get(diskId);
    if (disk !== undefined) await refreshSizes(engine, disk);
  }
};

/** Row and bitmaps: before `ready` there is no row yet, though the capture may have made the bitmaps. */
const removeCheckpointOf = async (engine: Engine, backup: Backup): Promise<void> => {
  const { toCheckpointId } = backup;
  const vm = engine.world.vms.get(backup.vmId);
  if (vm === undefined || toCheckpointId === undefined) return;
  vm.checkpoints = vm.checkpoints.filter(({ id }) => id !== toCheckpointId);
  for (const { diskId } of backup.disks) {
    const disk = engine.world.disks.get(diskId);
    if (disk === undefined || disk.format === "raw") continue;
    const parent = vm.checkpoints.findLast((one) => one.diskIds.includes(diskId));
    await engine.storage.removeCheckpoint(disk.imageId, toCheckpointId, parent?.id);
  }
};

/** Ends what the backup holds and marks it: `succeeded`, or `failed`, whose checkpoint is taken away. */
export const endBackup = async (
  engine: Engine,
  actor: Actor,
  backup: Backup,
  outcome: "succeeded" | "failed",
): Promise<void> => {
  const vm = engine.world.vms.get(backup.vmId);
  backup.phase = "finalizing";
  tellPhase(engine.hooks, backup, "finalizing");
  if (vm !== undefined) lockHybridSnapshot(vm, backup);
  engine.save();
  await pause(engine, "phaseMs");
  try {
    await endCapture(engine, actor, backup);
    if (outcome === "failed") await removeCheckpointOf(engine, backup);
  } catch (caught) {
    engine.log.error("a capture did not end well", { err: caught, backup: backup.id });
    noteEvent(engine, actor, {
      code: eventCodes.backupFinalizeFailed,
      severity: "error",
      description: `Backup ${backup.id} for VM ${vm?.name ?? ""} failed to finalize.`,
      vmId: backup.vmId,
    });
  }
  backup.phase = outcome;
  backup.endedMs = engine.clock.nowMs();
  noteEvent(
    engine,
    actor,
    outcome === "succeeded"
      ? {
          code: eventCodes.backupSucceeded,
          description: `Backup ${backup.id} for VM ${vm?.name ?? ""} completed successfully.`,
          vmId: backup.vmId,
        }
      : {
          code: eventCodes.backupFailed,
          severity: "error",
          description: `Backup ${backup.id} for VM ${vm?.name ?? ""} failed.`,
          vmId: backup.vmId,
        },
  );
  engine.save();
};
