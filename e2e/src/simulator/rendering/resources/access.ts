import type { Permission, Role, User } from "../../model/access.ts";
import { collectionOf } from "../../permits/permission-owners.ts";
import { isAdministrative, permitIdOf } from "../../permits/permit-names.ts";
import { type Resource, struct } from "../resource.ts";
import { hrefOf, linksOf, stubOf } from "./links.ts";

/** `/users`; the directory's name is the profile's with `-authz`, as the engine's own directory has it. */
export const userResource = (user: User): Resource => {
  const href = hrefOf("users", user.id);
  const at = user.login.lastIndexOf("@");
  const [name, domain] = [user.login.slice(0, at), `${user.login.slice(at + 1)}-authz`];
  return {
    element: "user",
    id: user.id,
    href,
    fields: {
      name,
      user_name: `${name}@${domain}`,
      principal: name,
      namespace: "*",
      domain: struct("domain", { name: domain }),
    },
    links: linksOf(href, ["permissions", "roles"]),
  };
};

/** `/roles` */
export const roleResource = (role: Role): Resource => {
  const href = hrefOf("roles", role.id);
  return {
    element: "role",
    id: role.id,
    href,
    fields: {
      name: role.name,
      description: role.description,
      administrative: role.administrative,
      mutable: role.mutable,
    },
    links: linksOf(href, ["permits"]),
  };
};

/** `/roles/ID/permits` */
export const permitResource = (role: Role, permit: string): Resource => ({
  element: "permit",
  id: permitIdOf(permit),
  href: `${hrefOf("roles", role.id)}/permits/${permitIdOf(permit)}`,
  fields: { name: permit, administrative: isAdministrative(permit), role: stubOf("role", "roles", role.id) },
});

/** `/permissions`, and those of one object, which then stands in the permission. */
export const permissionResource = (permission: Permission): Resource => {
  const { kind, id } = permission.object;
  const collection = collectionOf(kind);
  return {
    element: "permission",
    id: permission.id,
    href:
      collection === undefined
        ? hrefOf("permissions", permission.id)
        : `${hrefOf(collection, id)}/permissions/${permission.id}`,
    fields: {
      role: stubOf("role", "roles", permission.roleId),
      user: stubOf("user", "users", permission.userId),
      ...(collection === undefined ? {} : { [kind]: stubOf(kind, collection, id) }),
    },
  };
};
