/** Kinds of objects that a permission can be given on; each is below others (`permits/object-tree.ts`). */
export const objectKinds = [
  "system",
  "data_center",
  "cluster",
  "host",
  "storage_domain",
  "network",
  "vnic_profile",
  "template",
  "vm",
  "disk",
] as const;
export type ObjectKind = (typeof objectKinds)[number];

/** One object of the engine. */
export interface ObjectRef {
  readonly kind: ObjectKind;
  readonly id: string;
}

/** What is above everything; its id is the engine's own for it. */
export const systemObject: ObjectRef = { kind: "system", id: "aaa00000-0000-0000-0000-123456789aaa" };

/** An account that the engine knows; its password is the configuration's. */
export interface User {
  readonly id: string;
  /** `user@profile` */
  readonly login: string;
}

/** A set of permits under a name. */
export interface Role {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Who holds such a role anywhere is an administrator: unfiltered lists, `Filter` is off by default. */
  readonly administrative: boolean;
  /** False for the roles that come with the engine. */
  readonly mutable: boolean;
  readonly permits: readonly string[];
}

/** A role of a user on an object and all that is below it. */
export interface Permission {
  readonly id: string;
  readonly userId: string;
  readonly roleId: string;
  readonly object: ObjectRef;
}
