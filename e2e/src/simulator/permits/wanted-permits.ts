import { ownerOfSnapshotVolume } from "../disks/owners.ts";
import type { Call } from "../http/call.ts";
import { type ObjectKind, type ObjectRef, systemObject } from "../model/access.ts";
import type { World } from "../model/world.ts";
import { treeOf } from "../rendering/xml/xml-body.ts";
import { findObject, tableOf } from "./object-tree.ts";
import { permissionOwners } from "./permission-owners.ts";
import type { Permit } from "./permit-names.ts";

/** A permit that a call needs on an object; without the object there is nothing to check, and the call tells what is missing. */
export interface Want {
  readonly permit: Permit;
  readonly on: ObjectRef | undefined;
}

type Wants = (world: World, call: Call) => readonly Want[];

const at = (tree: unknown, ...path: readonly string[]): unknown => {
  let value = treeOf(tree);
  for (const key of path) value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return value;
};

const textAt = (tree: unknown, ...path: readonly string[]): string | undefined => {
  const value = at(tree, ...path);
  return typeof value === "string" ? value : undefined;
};

const itemsAt = (tree: unknown, ...path: readonly string[]): readonly unknown[] => {
  const value = at(tree, ...path);
  return Array.isArray(value) ? value : [];
};

/** An id as rows have it: the calls themselves take any case. */
const idAt = (tree: unknown, ...path: readonly string[]): string | undefined => textAt(tree, ...path)?.toLowerCase();

const want = (permit: Permit, on: ObjectRef | undefined): Want => ({ permit, on });

/** On the object that the path names. */
const onPath =
  (permit: Permit, kind: ObjectKind, name: string = kind): Wants =>
  (world, call) => [want(permit, findObject(world, kind, call.params[name]))];

const onSystem =
  (permit: Permit): Wants =>
  () => [want(permit, systemObject)];

/** The object that a part of the body names by id or name. */
const named = (world: World, kind: Exclude<ObjectKind, "system">, reference: unknown): ObjectRef | undefined => {
  const [id, name] = [idAt(reference, "id"), textAt(reference, "name")];
  const row = [...tableOf(world, kind).values()].find(
    (one) => one.id === id || (name !== undefined && at(one, "name") === name),
  );
  return row === undefined ? undefined : { kind, id: row.id };
};

const domainOfDisk = (world: World, disk: unknown): ObjectRef | undefined =>
  named(world, "storage_domain", itemsAt(disk, "storage_domains", "storage_domain")[0]);

const disksOfBackup: Wants = (world, call) => {
  const backup = world.backups.get(call.params["backup"] ?? "");
  return (backup?.disks ?? []).map(({ diskId }) => want("backup_disk", findObject(world, "disk", diskId)));
};

const disksOfCheckpoint: Wants = (world, call) => {
  const checkpoints = world.vms.get(call.params["vm"] ?? "")?.checkpoints ?? [];
  const checkpoint = checkpoints.find(({ id }) => id === call.params["checkpoint"]);
  return (checkpoint?.diskIds ?? []).map((id) => want("backup_disk", findObject(world, "disk", id)));
};

const disksOfRequest: Wants = (world, call) =>
  itemsAt(call.body, "disks", "disk").map((disk) => want("backup_disk", named(world, "disk", disk)));

const newTransfer: Wants = (world, { body }) => {
  const volume = idAt(body, "snapshot", "id");
  const owner = volume === undefined ? undefined : ownerOfSnapshotVolume(world, volume)?.diskId;
  const id = idAt(body, "disk", "id") ?? idAt(body, "image", "id") ?? owner;
  return [want("edit_disk_properties", findObject(world, "disk", id))];
};

/** A configuration makes the call an import: the strictest reading asks for both permits then. */
const newVm: Wants = (world, { body }) => {
  const cluster = named(world, "cluster", at(body, "cluster"));
  const imported = at(body, "initialization", "configuration") !== undefined;
  return [
    want("create_vm", cluster),
    ...(imported ? [want("import_export_vm", cluster)] : []),
    ...(itemsAt(body, "custom_properties", "custom_property").length === 0
      ? []
      : [want("change_vm_custom_properties", cluster)]),
    ...(itemsAt(body, "placement_policy", "hosts", "host").length === 0
      ? []
      : [want("edit_admin_vm_properties", cluster)]),
  ];
};

/** Custom properties and the hosts that it is bound to are asked for apart, where they are another's than before. */
const changedVm: Wants = (world, call) => {
  const vm = world.vms.get(call.params["vm"] ?? "");
  const on = findObject(world, "vm", vm?.id);
  const hosts = at(call.body, "placement_policy", "hosts");
  const named = itemsAt(hosts, "host").map((host) => idAt(host, "id") ?? textAt(host, "name"));
  const isMoved = hosts !== undefined && named.join() !== (vm?.placement?.hostIds ?? []).join();
  return [
    want("edit_vm_properties", on),
    ...(at(call.body, "custom_properties") === undefined ? [] : [want("change_vm_custom_properties", on)]),
    ...(isMoved ? [want("edit_admin_vm_properties", on)] : []),
  ];
};

const newAttachment: Wants = (world, call) => {
  const disk = at(call.body, "disk");
  const isNew = textAt(disk, "id") === undefined || at(disk, "provisioned_size") !== undefined;
  return [
    ...onPath("configure_vm_storage", "vm")(world, call),
    isNew ? want("create_disk", domainOfDisk(world, disk)) : want("attach_disk", named(world, "disk", disk)),
  ];
};

const changedAttachment: Wants = (world, call) => [
  ...onPath("configure_vm_storage", "vm")(world, call),
  ...(at(call.body, "disk") === undefined ? [] : onPath("edit_disk_properties", "disk")(world, call)),
];

const endedAttachment: Wants = (world, call) => [
  ...onPath("configure_vm_storage", "vm")(world, call),
  ...(call.query.get("detach_only") === "false" ? onPath("delete_disk", "disk")(world, call) : []),
];

const vmRows: Readonly<Record<string, Wants>> = {
  "POST /vms": newVm,
  "PUT /vms/:vm": changedVm,
  "POST /vms/:vm/watchdogs": onPath("edit_vm_properties", "vm"),
  "DELETE /vms/:vm": onPath("delete_vm", "vm"),
  "POST /vms/:vm/start": onPath("run_vm", "vm"),
  "POST /vms/:vm/stop": onPath("stop_vm", "vm"),
  "POST /vms/:vm/shutdown": onPath("shut_down_vm", "vm"),
  "POST /vms/:vm/suspend": onPath("hibernate_vm", "vm"),
  "POST /vms/:vm/reboot": onPath("reboot_vm", "vm"),
  "POST /vms/:vm/freezefilesystems": onPath("manipulate_vm_snapshots", "vm"),
  "POST /vms/:vm/thawfilesystems": onPath("manipulate_vm_snapshots", "vm"),
  "POST /vms/:vm/snapshots": onPath("manipulate_vm_snapshots", "vm"),
  "DELETE /vms/:vm/snapshots/:snapshot": onPath("manipulate_vm_snapshots", "vm"),
  "POST /vms/:vm/snapshots/:snapshot/restore": onPath("manipulate_vm_snapshots", "vm"),
  "POST /vms/:vm/previewsnapshot": onPath("manipulate_vm_snapshots", "vm"),
  "POST /vms/:vm/commitsnapshot": onPath("manipulate_vm_snapshots", "vm"),
  "POST /vms/:vm/undosnapshot": onPath("manipulate_vm_snapshots", "vm"),
  "POST /vms/:vm/nics": onPath("configure_vm_network", "vm"),
  "PUT /vms/:vm/nics/:nic": onPath("configure_vm_network", "vm"),
  "DELETE /vms/:vm/nics/:nic": onPath("configure_vm_network", "vm"),
  "POST /vms/:vm/tags": onSystem("tag_management"),
  "DELETE /vms/:vm/tags/:tag": onSystem("tag_management"),
};

const diskRows: Readonly<Record<string, Wants>> = {
  "POST /vms/:vm/diskattachments": newAttachment,
  "PUT /vms/:vm/diskattachments/:disk": changedAttachment,
  "DELETE /vms/:vm/diskattachments/:disk": endedAttachment,
  "POST /disks": (world, call) => [want("create_disk", domainOfDisk(world, call.body))],
  "PUT /disks/:disk": onPath("edit_disk_properties", "disk"),
  "DELETE /disks/:disk": onPath("delete_disk", "disk"),
  "POST /disks/:disk/convert": onPath("edit_disk_properties", "disk"),
};

const transferAction = onSystem("create_disk");

const backupRows: Readonly<Record<string, Wants>> = {
  "POST /vms/:vm/backups": disksOfRequest,
  "POST /vms/:vm/backups/:backup/finalize": disksOfBackup,
  "DELETE /vms/:vm/checkpoints/:checkpoint": disksOfCheckpoint,
  "POST /imagetransfers": newTransfer,
  // The engine's call passes no disk, so that the check falls back to the whole system.
  "POST /imagetransfers/:transfer/extend": transferAction,
  "POST /imagetransfers/:transfer/pause": transferAction,
  "POST /imagetransfers/:transfer/resume": transferAction,
  "POST /imagetransfers/:transfer/cancel": transferAction,
  "POST /imagetransfers/:transfer/finalize": transferAction,
};

const affinity = onPath("manipulate_affinity_groups", "cluster");
const affinityLabel = onSystem("manipulate_affinity_groups");

const otherRows: Readonly<Record<string, Wants>> = {
  "POST /clusters/:cluster/affinitygroups": affinity,
  "PUT /clusters/:cluster/affinitygroups/:group": affinity,
  "DELETE /clusters/:cluster/affinitygroups/:group": affinity,
  "POST /clusters/:cluster/affinitygroups/:group/vms": affinity,
  "DELETE /clusters/:cluster/affinitygroups/:group/vms/:member": affinity,
  "POST /clusters/:cluster/affinitygroups/:group/hosts": affinity,
  "DELETE /clusters/:cluster/affinitygroups/:group/hosts/:member": affinity,
  "POST /affinitylabels": affinityLabel,
  "PUT /affinitylabels/:label": affinityLabel,
  "DELETE /affinitylabels/:label": affinityLabel,
  "POST /affinitylabels/:label/vms": affinityLabel,
  "DELETE /affinitylabels/:label/vms/:member": affinityLabel,
  "POST /affinitylabels/:label/hosts": affinityLabel,
  "DELETE /affinitylabels/:label/hosts/:member": affinityLabel,
  "POST /events": onSystem("inject_external_events"),
  "POST /tags": onSystem("tag_management"),
  "PUT /tags/:id": onSystem("tag_management"),
  "DELETE /tags/:id": onSystem("tag_management"),
  "POST /users": onSystem("manipulate_users"),
  "DELETE /users/:user": onSystem("manipulate_users"),
  "POST /roles": onSystem("manipulate_roles"),
  "DELETE /roles/:role": onSystem("manipulate_roles"),
  "POST /roles/:role/permits": onSystem("manipulate_roles"),
  "DELETE /roles/:role/permits/:permit": onSystem("manipulate_roles"),
  "POST /permissions": onSystem("manipulate_permissions"),
  "DELETE /permissions/:permission": onSystem("manipulate_permissions"),
};

const permissionRows: Readonly<Record<string, Wants>> = Object.fromEntries(
  permissionOwners.flatMap(({ kind, collection }) => {
    const wants = onPath("manipulate_permissions", kind, "object");
    const path = `/${collection}/:object/permissions`;
    return [
      [`POST ${path}`, wants],
      [`DELETE ${path}/:permission`, wants],
    ];
  }),
);

/** Which permits each changing call needs, by the route's name; calls that only read are filtered instead. */
export const wantedPermits: Readonly<Record<string, Wants>> = {
  ...vmRows,
  ...diskRows,
  ...backupRows,
  ...otherRows,
  ...permissionRows,
};
