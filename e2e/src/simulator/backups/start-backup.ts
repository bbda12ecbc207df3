import type { Actor, Engine } from "../engine/engine.ts";
import { isEngineAtLeast } from "../engine/engine-version.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Backup, BackupDisk } from "../model/backup.ts";
import type { Vm } from "../model/vm.ts";
import { levelOf } from "../vms/vm-rules.ts";
import { type BackupRequest, checkBackup } from "./backup-rules.ts";
import { captureKindOf, supportsCheckpoints } from "./capture-kind.ts";
import { mayBeTracked } from "./may-be-tracked.ts";
import { runCapture } from "./run-capture.ts";

/** Disks whose changes the new checkpoint records: qcow2 ones, where the level has checkpoints; below 4.5 those with the flag. */
export const trackedDisks = (engine: Engine, vm: Vm, disks: readonly BackupDisk[]): readonly string[] => {
  if (!supportsCheckpoints(levelOf(engine.world, vm), engine.config.incrementalFrom)) return [];
  return disks
    .map(({ diskId }) => diskId)
    .filter((id) => engine.world.disks.get(id)?.format === "cow" && mayBeTracked(engine, vm, id));
};

/** Takes a backup: checks now, captures in the background; the row is `initializing` until then. */
export const startBackup = (engine: Engine, actor: Actor, vm: Vm, request: BackupRequest): Backup => {
  const kind = captureKindOf({
    level: levelOf(engine.world, vm),
    status: vm.status,
    legacy: request.legacy,
    knowsHybrid: isEngineAtLeast(engine, "4.5.0"),
  });
  const disks = checkBackup(engine, vm, request, kind);
  const tracked = trackedDisks(engine, vm, disks);
  const backup: Backup = {
    id: request.id ?? newUuid(engine.random),
    vmId: vm.id,
    kind,
    description: request.description,
    requireConsistency: request.requireConsistency && kind !== "hybrid",
    createdMs: engine.clock.nowMs(),
    madeBy: actor.login,
    disks: [...disks],
    phase: "initializing",
    aborted: false,
    ...(request.fromCheckpointId === undefined ? {} : { fromCheckpointId: request.fromCheckpointId }),
    ...(tracked.length === 0 ? {} : { toCheckpointId: newUuid(engine.random) }),
    ...(actor.correlationId === undefined ? {} : { correlationId: actor.correlationId }),
    ...(vm.hostId === undefined ? {} : { hostId: vm.hostId }),
  };
  engine.world.backups.set(backup.id, backup);
  noteEvent(engine, actor, {
    code: eventCodes.backupStarted,
    description: `Backup ${backup.id} for VM ${vm.name} started (User: ${actor.login}).`,
    vmId: vm.id,
  });
  engine.save();
  engine.background.run("backup", () => runCapture(engine, actor, vm, backup));
  return backup;
};
