import { addDiskRow } from "../disks/make-disk.ts";
import type { Actor, Engine } from "../engine/engine.ts";
import { newUuid } from "../engine/new-uuid.ts";
import type { Disk, DiskAttachment } from "../model/disk.ts";
import type { Vm } from "../model/vm.ts";
import type { VolumeOrigin } from "../storage/block-layer.ts";

/** A disk that is still to be made, with what it is made of. */
export interface PlannedDisk {
  readonly disk: Disk;
  readonly origin: VolumeOrigin;
}

/** How a VM gets its template's disks. */
export interface CopyChoice {
  readonly clone: boolean;
  /** Where they go; beside the template's when absent. */
  readonly domainId?: string;
}

/** Rows of the disks that a VM gets from its template: thin layers, or full copies when it is cloned. */
export const thinCopies = (engine: Engine, actor: Actor, vm: Vm, choice: CopyChoice): readonly PlannedDisk[] => {
  const { clone, domainId } = choice;
  const template = engine.world.templates.get(vm.templateId);
  return (template?.diskIds ?? []).flatMap((id, index) => {
    const source = engine.world.disks.get(id);
    if (source === undefined) return [];
    const disk = addDiskRow(engine, actor, {
      id: newUuid(engine.random),
      imageId: newUuid(engine.random),
      alias: `${vm.name}_Disk${index + 1}`,
      format: "cow",
      storageDomainId: domainId ?? source.storageDomainId,
      sizeBytes: source.sizeBytes,
      backup: "incremental",
      ...(clone ? {} : { backingDiskId: source.id }),
    });
    const origin: VolumeOrigin = clone
      ? { kind: "copy", sourceId: source.imageId }
      : { kind: "overlay", backingId: source.imageId };
    return [{ disk, origin }];
  });
};

/** How a disk is attached unless someone says otherwise. */
export const defaultAttachment = (diskId: string, bootable: boolean): DiskAttachment => ({
  diskId,
  active: true,
  bootable,
  interface: "virtio_scsi",
  readOnly: false,
  passDiscard: false,
});
