import type { Vm } from "../model/vm.ts";
import type { World } from "../model/world.ts";

/** The VMs that have the disk attached: several only for shareable ones. */
export const vmsWithDisk = (world: World, diskId: string): readonly Vm[] =>
  [...world.vms.values()].filter((vm) => vm.attachments.some((one) => one.diskId === diskId));

/** The disk and the VM of a snapshot's volume. */
export interface VolumeOwner {
  readonly vm: Vm;
  readonly diskId: string;
}

/** Whose snapshot has this volume. */
export const ownerOfSnapshotVolume = (world: World, imageId: string): VolumeOwner | undefined => {
  for (const vm of world.vms.values()) {
    for (const snapshot of vm.snapshots) {
      const volume = snapshot.volumes.find((one) => one.imageId === imageId);
      if (volume !== undefined) return { vm, diskId: volume.diskId };
    }
  }
  return undefined;
};
