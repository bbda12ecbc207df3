import type { Engine } from "../engine/engine.ts";
import { conflict, incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { entity, namedReference, parseBody } from "../http/body.ts";
import type { ObjectRef, Permission, Role, User } from "../model/access.ts";
import { isSame } from "./object-tree.ts";

const body = entity({ role: namedReference.optional(), user: namedReference.optional() }, [
  "id",
  "name",
  "comment",
  "data_center",
  "cluster",
  "host",
  "storage_domain",
  "vnic_profile",
  "template",
  "vm",
  "disk",
]);

type Reference = { readonly id?: string | undefined; readonly name?: string | undefined };

const roleOf = (engine: Engine, { id, name }: Reference): Role => {
  const role = [...engine.world.roles.values()].find((one) => one.id === id || one.name === name);
  if (role === undefined) throw refused("Cannot assign Permission. The role does not exist.");
  return role;
};

const userOf = (engine: Engine, { id }: Reference): User => {
  const user = engine.world.users.get(id ?? "");
  if (user === undefined) throw refused("Cannot assign Permission. The user does not exist.");
  return user;
};

/** Gives a user a role on an object, by a body of the API. */
export const givePermission = (engine: Engine, tree: unknown, object: ObjectRef): Permission => {
  const wanted = parseBody(body, tree);
  if (wanted.role === undefined) throw incomplete("Permission [role.id] required for add");
  if (wanted.user === undefined) throw incomplete("Permission [user.id|group.id] required for add");
  const [role, user] = [roleOf(engine, wanted.role), userOf(engine, wanted.user)];
  const isTwice = [...engine.world.permissions.values()].some(
    (one) => one.userId === user.id && one.roleId === role.id && isSame(one.object, object),
  );
  if (isTwice) throw conflict("Cannot assign Permission. The user already has this role on the object.");
  const permission: Permission = { id: newUuid(engine.random), userId: user.id, roleId: role.id, object };
  engine.world.permissions.set(permission.id, permission);
  engine.save();
  return permission;
};
