import type { XmlElement } from "../../xml/read-xml.ts";

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

const diskFormats = words("cow raw");
const levels = words("v1 v2 v3 v4 v5");

/** What an SDK takes where it has an enumeration, by the element and the one around it; anything else breaks it. */
const enumerations: Readonly<Record<string, ReadonlySet<string>>> = {
  "backup.phase": words("initializing starting ready finalizing succeeded failed"),
  "bios.type": words("cluster_default i440fx_sea_bios q35_sea_bios q35_ovmf q35_secure_boot"),
  "checkpoint.state": words("created invalid"),
  "configuration.type": words("ova ovf"),
  "cpu.architecture": words("x86_64 ppc64 s390x undefined"),
  "data_center.quota_mode": words("audit disabled enabled"),
  "data_center.status": words("contend maintenance not_operational problematic uninitialized up"),
  "data_center.storage_format": levels,
  "devices.device": words("cdrom hd network"),
  "disk.backup": words("incremental none"),
  "disk.backup_mode": words("full incremental"),
  "disk.content_type": words("data iso ovf_store memory_dump_volume memory_metadata_volume backup_scratch"),
  "disk.format": diskFormats,
  "disk.qcow_version": words("qcow2_v2 qcow2_v3"),
  "disk.status": words("ok locked illegal"),
  "disk.storage_type": words("image lun cinder managed_block_storage"),
  "disk_attachment.active": words("true false"),
  "disk_attachment.interface": words("ide sata spapr_vscsi virtio virtio_scsi"),
  "event.severity": words("alert error normal warning"),
  "host.status": words("up down maintenance non_operational non_responsive connecting error initializing unassigned"),
  "host.type": words("ovirt_node rhel rhev_h"),
  "image_transfer.active": words("true false"),
  "image_transfer.direction": words("download upload"),
  "image_transfer.format": diskFormats,
  "image_transfer.phase": words(
    "initializing transferring resuming paused_system paused_user finalizing_success finalizing_failure finalizing_cleanup " +
      "finished_success finished_failure finished_cleanup cancelled_system cancelled_user cancelled unknown",
  ),
  "image_transfer.timeout_policy": words("cancel legacy pause"),
  "placement_policy.affinity": words("migratable pinned user_migratable"),
  "spm.status": words("contending none spm"),
  "storage.type": words("nfs iscsi fcp glusterfs posixfs localfs"),
  "storage_domain.status": words("active inactive locked maintenance unattached unknown"),
  "storage_domain.storage_format": levels,
  "storage_domain.type": words("data iso export image volume managed_block_storage"),
  "vm.status": words(
    "down up powering_up powering_down paused suspended image_locked wait_for_launch reboot_in_progress",
  ),
  "vm.type": words("desktop server high_performance"),
};

const booleans = words(
  "ballooning bootable delete_protected has_illegal_images local master pass_discard propagate_errors read_only " +
    "run_once shareable shallow sparse start_paused stateless wipe_after_delete",
);
const integers = words(
  "actual_size available committed cores inactivity_timeout major memory minor provisioned_size sockets total total_size " +
    "transferred used code index",
);
const dates = words("creation_date creation_time date start_time stop_time time");
const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?[+-]\d{2}:\d{2}$/;

const scalars = [
  { names: booleans, form: /^(true|false)$/ },
  { names: integers, form: /^-?\d+$/ },
  { names: dates, form: isoDate },
];

const isFit = (parent: string, { name, text }: XmlElement): boolean =>
  enumerations[`${parent}.${name}`]?.has(text) ??
  scalars.every(({ names, form }) => !names.has(name) || form.test(text));

const faultOf = (parent: string, element: XmlElement): string | undefined => {
  const { name, attributes, children, text } = element;
  const { id, href, rel } = attributes;
  if (name === "link") return rel === undefined || href === undefined ? "a link without rel or href" : undefined;
  if (href !== undefined && id === undefined) return `<${name}> has an address, but no id`;
  if (children.length > 0 || isFit(parent, element)) return undefined;
  return `<${name}> of <${parent}> cannot be ${text}`;
};

/** What an SDK could not read of a document: references without ids, dates without a zone, values that no type has. */
export const misfits = (element: XmlElement, parent = ""): readonly string[] => [
  ...[faultOf(parent, element)].filter((fault) => fault !== undefined),
  ...element.children.flatMap((child) => misfits(child, element.name)),
];
