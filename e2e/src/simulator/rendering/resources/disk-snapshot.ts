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

/** The layers of a disk, oldest first, each with the one below as its parent; the active one when it is wanted. */
export const diskSnapshots = (world: World, disk: Disk, includeActive: boolean): readonly Resource[] => {
  const active = { imageId: disk.imageId, sizeBytes: disk.sizeBytes, createdMs: disk.createdMs };
  const layers = [...frozenLayers(world, disk), ...(includeActive ? [active] : [])];
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
