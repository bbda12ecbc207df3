const userPermits = [
  "create_vm",
  "delete_vm",
  "edit_vm_properties",
  "vm_basic_operations",
  "change_vm_cd",
  "connect_to_vm",
  "import_export_vm",
  "configure_vm_network",
  "configure_vm_storage",
  "move_vm",
  "manipulate_vm_snapshots",
  "migrate_vm",
  "run_vm",
  "stop_vm",
  "shut_down_vm",
  "reboot_vm",
  "hibernate_vm",
  "create_template",
  "create_disk",
  "attach_disk",
  "edit_disk_properties",
  "configure_disk_storage",
  "delete_disk",
  "backup_disk",
  "manipulate_permissions",
  "login",
] as const;

const administrativePermits = [
  "manipulate_users",
  "manipulate_roles",
  "manipulate_host",
  "manipulate_storage_domain",
  "edit_cluster_configuration",
  "manipulate_affinity_groups",
  "tag_management",
  "inject_external_events",
  "change_vm_custom_properties",
  "edit_admin_vm_properties",
] as const;

/** An action group of the engine, in the API's spelling; those that the simulator asks for and their nearest kin. */
export type Permit = (typeof userPermits)[number] | (typeof administrativePermits)[number];

/** Every permit; its place, counted from 1, is its id in the API (the numbers are the simulator's own). */
export const permitNames: readonly Permit[] = [...userPermits, ...administrativePermits];

/** True for a permit that only an administrative role can hold. */
export const isAdministrative = (permit: string): boolean =>
  (administrativePermits as readonly string[]).includes(permit);

/** The id of a permit in the API. */
export const permitIdOf = (permit: string): string => String((permitNames as readonly string[]).indexOf(permit) + 1);

/** The permit of an id or a name, in any case of letters; undefined when there is none. */
export const findPermit = (text: string): Permit | undefined =>
  permitNames.find((name) => name === text.toLowerCase() || permitIdOf(name) === text);
