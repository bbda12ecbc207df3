import { diskStatus } from "../../disks/disk-status.ts";
import { type BackupDisk, isBackupOpen } from "../../model/backup.ts";
import type { Disk, DiskAttachment } from "../../model/disk.ts";
import type { World } from "../../model/world.ts";
import { Collection, type Resource, apiPath } from "../resource.ts";
import { hrefOf, linksOf, stubOf } from "./links.ts";

/** What a place shows of a disk besides the disk itself. */
interface DiskView {
  /** In `/snapshots/ID/disks`: the volume of that snapshot. */
  readonly volume?: {
    readonly imageId: string;
    readonly snapshotHref: string;
    readonly snapshotId: string;
    readonly sizeBytes: number;
  };
}

/** How the running backup takes the disk; none outside of a backup. */
const backupModeOf = (world: World, disk: Disk): BackupDisk["mode"] | undefined =>
  [...world.backups.values()]
    .filter(isBackupOpen)
    .flatMap(({ disks }) => disks)
    .find(({ diskId }) => diskId === disk.id)?.mode;

/** `/disks/ID` and the lists of disks in backups, checkpoints and snapshots. */
export const diskResource = (world: World, disk: Disk, view: DiskView = {}): Resource => {
  const href = hrefOf("disks", disk.id);
  const { volume } = view;
  return {
    element: "disk",
    id: disk.id,
    href,
    fields: {
      name: disk.alias,
      alias: disk.alias,
      description: disk.description,
      image_id: volume?.imageId ?? disk.imageId,
      format: disk.format,
      qcow_version: disk.format === "cow" ? "qcow2_v3" : undefined,
      sparse: disk.sparse,
      provisioned_size: volume?.sizeBytes ?? disk.sizeBytes,
      actual_size: disk.actualBytes,
      total_size: disk.shareable ? undefined : disk.totalBytes,
      storage_type: "image",
      content_type: disk.contentType,
      status: diskStatus(world, disk),
      backup: disk.backup,
      backup_mode: backupModeOf(world, disk),
      shareable: disk.shareable,
      wipe_after_delete: disk.wipeAfterDelete,
      propagate_errors: false,
      snapshot:
        volume === undefined
          ? undefined
          : { element: "snapshot", id: volume.snapshotId, href: volume.snapshotHref, fields: {} },
      storage_domains: new Collection("storage_domain", [
        {
          element: "storage_domain",
          id: disk.storageDomainId,
          href: hrefOf("storagedomains", disk.storageDomainId),
          fields: {},
        },
      ]),
    },
    links: linksOf(href, ["permissions", "disksnapshots", "statistics"]),
  };
};

/** `/vms/ID/diskattachments`; the attachment's id equals the disk's. */
export const attachmentResource = (
  owner: { readonly collection: "vms" | "templates"; readonly id: string },
  attachment: DiskAttachment,
): Resource => ({
  element: "disk_attachment",
  id: attachment.diskId,
  href: `${apiPath}/${owner.collection}/${owner.id}/diskattachments/${attachment.diskId}`,
  fields: {
    active: attachment.active,
    bootable: attachment.bootable,
    interface: attachment.interface,
    pass_discard: attachment.passDiscard,
    read_only: attachment.readOnly,
    uses_scsi_reservation: false,
    disk: stubOf("disk", "disks", attachment.diskId),
    vm: owner.collection === "vms" ? stubOf("vm", "vms", owner.id) : undefined,
  },
});
