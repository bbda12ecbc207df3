import type { Engine } from "../engine/engine.ts";
import { conflict, incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { bool, collection, entity, parseBody, text } from "../http/body.ts";
import type { Role } from "../model/access.ts";
import { type Permit, findPermit, isAdministrative } from "./permit-names.ts";

const permitBody = entity({ id: text.optional(), name: text.optional() }, ["administrative", "role"]);
const roleBody = entity(
  {
    name: text.optional(),
    description: text.optional(),
    administrative: bool.optional(),
    permits: collection("permit", permitBody).optional(),
  },
  ["id", "mutable", "comment"],
);

const permitOf = ({ id, name }: { readonly id?: string | undefined; readonly name?: string | undefined }): Permit => {
  const permit = findPermit(id ?? name ?? "");
  if (permit === undefined) throw refused(`Cannot add Role. The permit ${id ?? name ?? ""} does not exist.`);
  return permit;
};

const checkKind = (administrative: boolean, permits: readonly string[]): void => {
  if (!administrative && permits.some(isAdministrative)) {
    throw refused("Cannot add Role. A user role cannot hold administrator permits.");
  }
};

const checkMutable = (role: Role): void => {
  if (!role.mutable) throw refused("Cannot change Role. Built-in Role cannot be removed or changed.");
};

const replace = (engine: Engine, role: Role): Role => {
  engine.world.roles.set(role.id, role);
  engine.save();
  return role;
};

/** Adds a role by a body of the API. */
export const createRole = (engine: Engine, tree: unknown): Role => {
  const body = parseBody(roleBody, tree);
  if (body.name === undefined || body.administrative === undefined) {
    throw incomplete("Role [name, administrative] required for add");
  }
  if ([...engine.world.roles.values()].some(({ name }) => name === body.name)) {
    throw conflict("Cannot add Role. The Role name is already in use.");
  }
  const permits = (body.permits ?? []).map(permitOf);
  checkKind(body.administrative, permits);
  return replace(engine, {
    id: newUuid(engine.random),
    name: body.name,
    description: body.description ?? "",
    administrative: body.administrative,
    mutable: true,
    // A role of the engine always lets its holder log in.
    permits: [...new Set<Permit>([...permits, "login"])],
  });
};

/** Adds a permit to a role of the user's; answers it. */
export const addPermit = (engine: Engine, role: Role, tree: unknown): Permit => {
  checkMutable(role);
  const permit = permitOf(parseBody(permitBody, tree));
  checkKind(role.administrative, [permit]);
  replace(engine, { ...role, permits: [...new Set([...role.permits, permit])] });
  return permit;
};

/** Takes a permit from a role of the user's. */
export const removePermit = (engine: Engine, role: Role, permit: string): void => {
  checkMutable(role);
  replace(engine, { ...role, permits: role.permits.filter((one) => one !== permit) });
};

/** Removes a role of the user's that nobody has. */
export const removeRole = (engine: Engine, role: Role): void => {
  checkMutable(role);
  if ([...engine.world.permissions.values()].some(({ roleId }) => roleId === role.id)) {
    throw conflict("Cannot remove Role. The Role is assigned to users.");
  }
  engine.world.roles.delete(role.id);
  engine.save();
};
