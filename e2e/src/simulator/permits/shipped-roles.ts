import { derivedUuid } from "@holdfast/shared/ids/ids";

import type { Role } from "../model/access.ts";
import { type Permit, permitNames } from "./permit-names.ts";

const running: readonly Permit[] = ["run_vm", "stop_vm", "shut_down_vm", "reboot_vm", "hibernate_vm"];
const using: readonly Permit[] = ["login", "vm_basic_operations", "change_vm_cd", "connect_to_vm", ...running];
const disks: readonly Permit[] = ["create_disk", "attach_disk", "edit_disk_properties", "delete_disk", "backup_disk"];
const owning: readonly Permit[] = [
  ...using,
  ...disks,
  "edit_vm_properties",
  "delete_vm",
  "configure_vm_network",
  "configure_vm_storage",
  "manipulate_vm_snapshots",
  "manipulate_permissions",
];
const administering: readonly Permit[] = [
  ...owning,
  "create_vm",
  "import_export_vm",
  "move_vm",
  "migrate_vm",
  "create_template",
  "manipulate_affinity_groups",
  "tag_management",
];

const shipped = (name: string, administrative: boolean, permits: readonly Permit[]): Role => ({
  id: derivedUuid("simulator", "role", name),
  name,
  description: `${name} (predefined)`,
  administrative,
  mutable: false,
  permits,
});

/**
 * The roles that come with an engine, as far as backup products meet them. Which of them hold `backup_disk`, and all of
 * DiskOperator, is the engine's; the other permits of the larger roles are the likely ones.
 */
export const shippedRoles: readonly Role[] = [
  shipped("SuperUser", true, permitNames),
  shipped("DataCenterAdmin", true, [...administering, "configure_disk_storage", "manipulate_host"]),
  shipped("ClusterAdmin", true, [...administering, "edit_cluster_configuration", "manipulate_host"]),
  shipped("StorageAdmin", true, ["login", ...disks, "configure_disk_storage", "manipulate_storage_domain"]),
  shipped("HostAdmin", true, ["login", "manipulate_host"]),
  shipped("ReadOnlyAdmin", true, ["login"]),
  shipped("UserRole", false, using),
  shipped("UserVmManager", false, owning),
  shipped("UserVmRunTimeManager", false, [...using, ...disks, "edit_vm_properties", "configure_vm_storage"]),
  shipped("UserInstanceManager", false, owning),
  shipped("VmCreator", false, ["login", "create_vm"]),
  shipped("DiskCreator", false, ["login", "create_disk"]),
  shipped("DiskOperator", false, ["login", ...disks]),
  shipped("TemplateCreator", false, ["login", "create_template"]),
];
