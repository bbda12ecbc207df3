import { derivedUuid } from "@holdfast/shared/ids/ids";

import type { SimulatorConfig } from "../config/schema.ts";
import { type ObjectKind, type ObjectRef, systemObject } from "../model/access.ts";
import type { World } from "../model/world.ts";
import { tableOf } from "../permits/object-tree.ts";
import { shippedRoles } from "../permits/shipped-roles.ts";

type Assignment = NonNullable<SimulatorConfig["users"][number]["roles"]>[number];

const nameOf = (row: { readonly id: string; readonly name?: string; readonly alias?: string }): string | undefined =>
  row.name ?? row.alias;

const objectOf = (world: World, on: Assignment["on"]): readonly ObjectRef[] => {
  if (on === "system") return [systemObject];
  return Object.entries(on).flatMap(([kind, name]) =>
    [...tableOf(world, kind as Exclude<ObjectKind, "system">).values()]
      .filter((row) => nameOf(row) === name)
      .map(({ id }) => ({ kind: kind as ObjectKind, id })),
  );
};

const give = (world: World, userId: string, roleId: string, object: ObjectRef): void => {
  const id = derivedUuid("simulator", "permission", userId, roleId, object.kind, object.id);
  world.permissions.set(id, { id, userId, roleId, object });
};

const seedRoles = (world: World, config: SimulatorConfig): void => {
  const own = config.roles.map(({ name, administrative, permits }) => ({
    id: derivedUuid("simulator", config.name, "role", name),
    name,
    description: "",
    administrative,
    mutable: true,
    permits,
  }));
  for (const role of [...shippedRoles, ...own]) world.roles.set(role.id, role);
};

/**
 * Fills in users, roles and permissions, once, when everything that a permission can be on is there. Where the configuration
 * says nothing of roles, every user is a SuperUser on the system.
 */
export const seedAccess = (world: World, config: SimulatorConfig): void => {
  if (world.users.size > 0) return;
  seedRoles(world, config);
  const roleOf = (name: string): string => [...world.roles.values()].find((role) => role.name === name)?.id ?? "";
  const isOpen = config.roles.length === 0 && config.users.every(({ roles }) => roles === undefined);
  for (const { name: login, roles } of config.users) {
    const id = derivedUuid("simulator", config.name, "user", login);
    world.users.set(id, { id, login });
    if (isOpen) give(world, id, roleOf("SuperUser"), systemObject);
    for (const { role, on } of roles ?? []) {
      for (const object of objectOf(world, on)) give(world, id, roleOf(role), object);
    }
  }
};
