import type { ObjectKind } from "../model/access.ts";

/** A collection whose objects can have permissions of their own. */
export interface PermissionOwner {
  readonly kind: Exclude<ObjectKind, "system">;
  /** Name of the collection in paths. */
  readonly collection: string;
}

/** Every collection with `/ID/permissions`. */
export const permissionOwners: readonly PermissionOwner[] = [
  { kind: "data_center", collection: "datacenters" },
  { kind: "cluster", collection: "clusters" },
  { kind: "host", collection: "hosts" },
  { kind: "storage_domain", collection: "storagedomains" },
  { kind: "network", collection: "networks" },
  { kind: "vnic_profile", collection: "vnicprofiles" },
  { kind: "template", collection: "templates" },
  { kind: "vm", collection: "vms" },
  { kind: "disk", collection: "disks" },
];

/** The collection of a kind. */
export const collectionOf = (kind: ObjectKind): string | undefined =>
  permissionOwners.find((owner) => owner.kind === kind)?.collection;
