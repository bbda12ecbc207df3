import * as z from "zod";

import type { AttachedDisk, Disk } from "../../hypervisor/inventory.ts";
import type { SnapshotDisk } from "../../hypervisor/snapshots.ts";
import { collection, flag, number, stub } from "../values.ts";

const fields = z.object({
  id: z.string(),
  alias: z.string().optional(),
  name: z.string().optional(),
  description: z.string().default(""),
  provisioned_size: number.default(0),
  actual_size: number.default(0),
  format: z.enum(["cow", "raw"]).catch("raw"),
  sparse: flag.default(false),
  storage_type: z.string().default("image"),
  content_type: z.string().default("data"),
  status: z.string().default("ok"),
  shareable: flag.default(false),
  wipe_after_delete: flag.default(false),
  backup: z.string().default("none"),
  backup_mode: z.enum(["full", "incremental"]).optional().catch(undefined),
  storage_domains: collection("storage_domain", stub).optional(),
});
type Fields = z.output<typeof fields>;

const toDisk = (row: Fields): Disk => ({
  id: row.id,
  alias: row.alias ?? row.name ?? row.id,
  description: row.description,
  sizeBytes: row.provisioned_size,
  actualBytes: row.actual_size,
  format: row.format,
  sparse: row.sparse,
  storageType: row.storage_type,
  contentType: row.content_type,
  status: row.status,
  shareable: row.shareable,
  wipeAfterDelete: row.wipe_after_delete,
  incrementalEnabled: row.backup === "incremental",
  storageDomainIds: (row.storage_domains ?? []).map(({ id }) => id),
});

/** `/disks/ID` */
export const diskRow = fields.transform(toDisk);

/** `/backups/ID/disks`: only what a capture says of a disk. */
export const captureDiskRow = fields.transform((row) => ({ diskId: row.id, mode: row.backup_mode }));

/** `/snapshots/ID/disks`: `image_id` is the volume of that snapshot. */
export const snapshotDiskRow = z
  .object({ id: z.string(), image_id: z.string(), provisioned_size: number.default(0) })
  .transform((row): SnapshotDisk => ({ diskId: row.id, imageId: row.image_id, sizeBytes: row.provisioned_size }));

/** `/vms/ID/diskattachments` with the disk inlined; its id is the disk's. */
export const attachmentRow = z
  .object({
    id: z.string(),
    interface: z.string().default(""),
    bootable: flag.default(false),
    active: flag.default(false),
    read_only: flag.default(false),
    pass_discard: flag.optional(),
    disk: fields.optional(),
  })
  .transform((row): AttachedDisk => ({
    ...toDisk(row.disk ?? fields.parse({ id: row.id })),
    interface: row.interface,
    bootable: row.bootable,
    active: row.active,
    readOnly: row.read_only,
    passDiscard: row.pass_discard,
  }));
