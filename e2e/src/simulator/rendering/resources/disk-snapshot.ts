import { diskStatus } from "../../disks/disk-status.ts";
import { vmsWithDisk } from "../../disks/owners.ts";
import type { Disk } from "../../model/disk.ts";
import type { World } from "../../model/world.ts";
import { Collection, Instant, type Resource } from "../resource.ts";
import { hrefOf, stubOf } from "./links.ts";

interface Layer {
  readonly imageId: string;
  readonly sizeBytes: number;
  readonly createdMs: number;
}

const frozenLayers = (world: World, disk: Disk): readonly Layer[] =>
  vmsWithDisk(world, disk.id).flatMap((vm) =>
    vm.snapshots.flatMap(({ volumes, createdMs }) =>
      volumes.flatMap(({ diskId, imageId, sizeBytes }) =>
        diskId === disk.id ? [{ imageId, sizeBytes, createdMs }] : [],
      ),
    ),
  );

/** Layers that are shown beside those of snapshots. */
interface Included {
  /** The one that a VM writes to. */
  readonly active: boolean;
  /** That of the template which the disk is a thin layer over. */
  readonly template: boolean;
}

/** The layers of a disk, oldest first, each with the one below as its parent. */
export const diskSnapshots = (world: World, disk: Disk, included: Included): readonly Resource[] => {
  const base = world.disks.get(disk.backingDiskId ?? "");
  const layers: readonly Layer[] = [
    ...(included.template && base !== undefined ? [base] : []),
    ...frozenLayers(world, disk),
    ...(included.active ? [disk] : []),
  ];
  const hrefOfLayer = (imageId: string): string => `${hrefOf("disks", disk.id)}/disksnapshots/${imageId}`;
  return layers.map(({ imageId, sizeBytes, createdMs }, index): Resource => {
    const parent = layers[index - 1]?.imageId;
    return {
      element: "disk_snapshot",
      id: imageId,
      href: hrefOfLayer(imageId),
      fields: {
        image_id: imageId,
        provisioned_size: sizeBytes,
        status: diskStatus(world, disk),
        disk: stubOf("disk", "disks", disk.id),
        creation_time: new Instant(createdMs),
        parent:
          parent === undefined
            ? undefined
            : { element: "disk_snapshot", id: parent, href: hrefOfLayer(parent), fields: {} },
        storage_domains: new Collection("storage_domain", [
          {
            element: "storage_domain",
            id: disk.storageDomainId,
            href: hrefOf("storagedomains", disk.storageDomainId),
            fields: {},
          },
        ]),
      },
    };
  });
};
