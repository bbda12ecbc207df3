/** What a permit is needed for; an operator who does without a feature may leave its permits out. */
export type PermitFeature =
  | "every call"
  | "backup"
  | "snapshots"
  | "change tracking"
  | "restore"
  | "settings of restored VMs"
  | "workers"
  | "events";

/** One permit of the engine that Holdfast's user needs. */
export interface NeededPermit {
  /** In the API's spelling. */
  readonly permit: string;
  readonly features: readonly PermitFeature[];
  /** Completes "without it …", for operators. */
  readonly without: string;
  /** The engine asks for it on the system as a whole: a permission on a data center or a VM is not enough. */
  readonly onSystem?: true;
  /** Calls that the engine refuses without it: method and path, `*` for one part of it. */
  readonly calls: readonly string[];
}

/**
 * Everything that Holdfast changes on an engine, by the permit that it needs; reading needs an administrative role and no more. The role of
 * `deploy/engine/create-role.sh` holds these permits and no others.
 */
export const neededPermits: readonly NeededPermit[] = [
  {
    permit: "login",
    features: ["every call"],
    without: "the engine gives no token, so nothing works",
    calls: [],
  },
  {
    permit: "backup_disk",
    features: ["backup"],
    without: "no backup is begun or ended, and no checkpoint is removed",
    calls: ["POST /vms/*/backups", "POST /vms/*/backups/*/finalize", "DELETE /vms/*/checkpoints/*"],
  },
  {
    permit: "edit_disk_properties",
    features: ["backup", "restore", "change tracking"],
    without: "no disk is read or written, and `vm enable-tracking` changes nothing",
    calls: ["POST /imagetransfers", "PUT /disks/*", "PUT /vms/*/diskattachments/*", "POST /disks/*/convert"],
  },
  {
    permit: "create_disk",
    features: ["backup", "restore", "workers"],
    onSystem: true,
    without: "no transfer is ended, since the engine asks for it on the system then, and no disk is made",
    calls: ["POST /imagetransfers/*/*", "POST /disks"],
  },
  {
    permit: "manipulate_vm_snapshots",
    features: ["snapshots"],
    without: "no snapshot is taken or removed, what a hybrid backup left included, and no file system is frozen",
    calls: [
      "POST /vms/*/snapshots",
      "DELETE /vms/*/snapshots/*",
      "POST /vms/*/freezefilesystems",
      "POST /vms/*/thawfilesystems",
    ],
  },
  {
    permit: "inject_external_events",
    features: ["events"],
    onSystem: true,
    without: "the engine's log does not show when a backup of ours begins and ends",
    calls: ["POST /events"],
  },
  {
    permit: "create_vm",
    features: ["restore", "workers"],
    without: "no VM is restored whole, and no worker is made",
    calls: ["POST /vms"],
  },
  {
    permit: "import_export_vm",
    features: ["restore"],
    without: "no VM is made from its saved OVF",
    calls: ["POST /vms"],
  },
  {
    permit: "edit_vm_properties",
    features: ["restore", "settings of restored VMs", "workers"],
    without: "a restored VM stays marked as ours and without settings that its OVF does not bring",
    calls: ["PUT /vms/*", "POST /vms/*/watchdogs"],
  },
  {
    permit: "delete_vm",
    features: ["restore", "workers"],
    without: "a restore that failed leaves its VM behind, and no worker is removed",
    calls: ["DELETE /vms/*"],
  },
  {
    permit: "attach_disk",
    features: ["restore", "workers"],
    without: "no restored disk is attached to its VM",
    calls: ["POST /vms/*/diskattachments"],
  },
  {
    permit: "configure_vm_storage",
    features: ["restore", "change tracking", "workers"],
    without: "no disk is attached, and an attached one is not changed",
    calls: ["POST /vms/*/diskattachments", "PUT /vms/*/diskattachments/*", "DELETE /vms/*/diskattachments/*"],
  },
  {
    permit: "delete_disk",
    features: ["restore", "workers"],
    without: "a restore that failed leaves its disks behind",
    calls: ["DELETE /disks/*"],
  },
  {
    permit: "configure_vm_network",
    features: ["restore", "workers"],
    without: "a restored VM has no network cards",
    calls: ["POST /vms/*/nics", "PUT /vms/*/nics/*", "DELETE /vms/*/nics/*"],
  },
  {
    permit: "run_vm",
    features: ["restore", "workers"],
    without: "no restored VM and no worker is started",
    calls: ["POST /vms/*/start"],
  },
  {
    permit: "change_vm_custom_properties",
    features: ["settings of restored VMs"],
    without: "a restored VM is without its custom properties, unless its OVF brings them",
    calls: ["PUT /vms/*"],
  },
  {
    permit: "edit_admin_vm_properties",
    features: ["settings of restored VMs", "workers"],
    without: "a restored VM is not bound to its hosts again, and no worker to its own",
    calls: ["PUT /vms/*", "POST /vms"],
  },
  {
    permit: "tag_management",
    features: ["settings of restored VMs"],
    onSystem: true,
    without: "a restored VM is without its tags",
    calls: ["POST /vms/*/tags"],
  },
  {
    permit: "manipulate_affinity_groups",
    features: ["settings of restored VMs"],
    onSystem: true,
    without: "a restored VM is in none of its affinity groups and has none of its affinity labels",
    calls: ["POST /clusters/*/affinitygroups/*/vms", "POST /affinitylabels/*/vms"],
  },
  {
    permit: "stop_vm",
    features: ["workers"],
    without: "no worker is powered off",
    calls: ["POST /vms/*/stop"],
  },
  {
    permit: "shut_down_vm",
    features: ["workers"],
    without: "no worker is shut down",
    calls: ["POST /vms/*/shutdown"],
  },
  {
    permit: "hibernate_vm",
    features: ["workers"],
    without: "no worker is suspended between its tasks",
    calls: ["POST /vms/*/suspend"],
  },
];

/** The role that holds them, as `deploy/engine/create-role.sh` makes it. */
export const engineRoleName = "Holdfast";

/** Permits of which a call needs one or more, with the path below `/ovirt-engine/api`; empty for one that changes nothing of ours. */
export const permitsOfCall = (method: string, path: string): readonly string[] =>
  neededPermits
    .filter(({ calls }) => calls.some((pattern) => isCall(pattern, `${method} ${path}`)))
    .map(({ permit }) => permit);

const isCall = (pattern: string, call: string): boolean => {
  const [wanted, given] = [pattern.split("/"), call.split("/")];
  return wanted.length === given.length && wanted.every((part, at) => part === "*" || part === given[at]);
};
