/** The action groups that a backup and a restore of VMs need, and none besides: what `conformance/permits.test.ts` proves. */
export const backupPermits: readonly string[] = [
  "login",
  "backup_disk",
  "edit_disk_properties",
  "create_disk",
  "delete_disk",
  "attach_disk",
  "manipulate_vm_snapshots",
  "create_vm",
  "delete_vm",
  "import_export_vm",
  "configure_vm_storage",
  "configure_vm_network",
  "run_vm",
  "stop_vm",
];
