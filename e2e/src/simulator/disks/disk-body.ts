import { z } from "zod";

import { bool, collection, entity, integer, namedReference, text, uuid } from "../http/body.ts";

/** Fields of the API's disk that mean nothing to the simulator. */
const unmodelled = [
  "active",
  "actual_size",
  "backup_mode",
  "bootable",
  "content_type",
  "disk_profile",
  "disk_profiles",
  "external_disk",
  "initial_size",
  "instance_type",
  "interface",
  "logical_name",
  "lun_storage",
  "openstack_volume_type",
  "permissions",
  "propagate_errors",
  "qcow_version",
  "quota",
  "read_only",
  "sgio",
  "snapshot",
  "statistics",
  "status",
  "storage_domain",
  "storage_type",
  "template",
  "total_size",
  "uses_scsi_reservation",
  "vm",
  "vms",
];

const fields = {
  id: uuid.optional(),
  image_id: uuid.optional(),
  alias: text.optional(),
  name: text.optional(),
  description: text.optional(),
  format: z.enum(["cow", "raw"]).optional(),
  sparse: bool.optional(),
  provisioned_size: integer.optional(),
  backup: z.enum(["none", "incremental"]).optional(),
  shareable: bool.optional(),
  wipe_after_delete: bool.optional(),
  storage_domains: collection("storage_domain", namedReference).optional(),
};

/** Body of `POST /disks`, and of the disk inside an attachment. */
export const diskBody = entity(fields, unmodelled);
export type DiskBody = z.output<typeof diskBody>;

/** Body of `POST` and `PUT` of `/vms/ID/diskattachments`. */
export const attachmentBody = entity(
  {
    id: uuid.optional(),
    disk: diskBody.optional(),
    active: bool.optional(),
    bootable: bool.optional(),
    interface: z.enum(["virtio", "virtio_scsi", "ide", "sata"]).optional(),
    read_only: bool.optional(),
    pass_discard: bool.optional(),
  },
  ["logical_name", "uses_scsi_reservation", "vm", "template"],
);
export type AttachmentBody = z.output<typeof attachmentBody>;
