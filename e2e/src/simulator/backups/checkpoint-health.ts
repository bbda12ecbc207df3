import { dropAllCheckpoints } from "../checkpoints/drop-all-checkpoints.ts";
import type { Actor, Engine } from "../engine/engine.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Backup } from "../model/backup.ts";
import type { Vm } from "../model/vm.ts";

/** True when every bitmap of the VM's checkpoints on the disks of this backup is there and sound. */
const areBitmapsSound = async (engine: Engine, vm: Vm, backup: Backup): Promise<boolean> => {
  for (const { diskId, imageId } of backup.disks) {
    const wanted = vm.checkpoints.filter((checkpoint) => checkpoint.diskIds.includes(diskId));
    if (wanted.length === 0) continue;
    const facts = await engine.storage.listCheckpoints(imageId);
    if (wanted.some(({ id }) => facts.find((one) => one.checkpointId === id)?.sound !== true)) return false;
  }
  return true;
};

/**
 * What the host does before a live capture: it makes the VM's checkpoints known to libvirt. When a bitmap is missing or
 * unsound the engine removes ALL checkpoints of the VM; a backup that builds on one of them fails.
 */
export const redefineCheckpoints = async (engine: Engine, actor: Actor, vm: Vm, backup: Backup): Promise<void> => {
  if (await areBitmapsSound(engine, vm, backup)) return;
  await dropAllCheckpoints(engine, vm);
  if (backup.fromCheckpointId === undefined) return;
  noteEvent(engine, actor, {
    code: eventCodes.incrementalFailed,
    severity: "error",
    description: `Incremental backup ${backup.id} for VM ${vm.name} failed. A full backup is needed.`,
    vmId: vm.id,
  });
  throw new Error(`checkpoint ${backup.fromCheckpointId} cannot be redefined`);
};
