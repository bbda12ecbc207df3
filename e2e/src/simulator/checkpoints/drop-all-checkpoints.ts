import type { Engine } from "../engine/engine.ts";
import type { Vm } from "../model/vm.ts";

/** Removes every checkpoint of a VM, with the bitmaps on its active volumes, whoever made it. */
export const dropAllCheckpoints = async (engine: Engine, vm: Vm): Promise<void> => {
  for (const checkpoint of vm.checkpoints) {
    for (const diskId of checkpoint.diskIds) {
      const disk = engine.world.disks.get(diskId);
      if (disk?.format === "cow") await engine.storage.removeCheckpoint(disk.imageId, checkpoint.id);
    }
  }
  vm.checkpoints = [];
  engine.save();
};
