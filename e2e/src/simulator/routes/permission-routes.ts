import type { Engine } from "../engine/engine.ts";
import { MissingEntity } from "../engine/engine-fault.ts";
import { type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { type ObjectKind, type ObjectRef, type Permission, systemObject } from "../model/access.ts";
import { givePermission } from "../permits/give-permission.ts";
import { findObject, isSame } from "../permits/object-tree.ts";
import { permissionOwners } from "../permits/permission-owners.ts";
import { permissionResource } from "../rendering/resources/access.ts";

const routesOf = (engine: Engine, path: string, kind: ObjectKind): readonly Route<Handle>[] => {
  const objectOf = (call: Call): ObjectRef => {
    if (kind === "system") return systemObject;
    const object = findObject(engine.world, kind, param(call, "object"));
    if (object === undefined) throw new MissingEntity(`no such ${kind}`);
    return object;
  };
  const permissionsOf = (call: Call): readonly Permission[] => {
    const object = objectOf(call);
    return [...engine.world.permissions.values()].filter((one) => isSame(one.object, object));
  };
  const permissionOf = (call: Call): Permission => {
    const permission = permissionsOf(call).find(({ id }) => id === param(call, "permission"));
    if (permission === undefined) throw new MissingEntity("no such permission");
    return permission;
  };
  return [
    {
      method: "GET",
      pattern: path,
      handle: (call) => rows(call, "permission", permissionsOf(call).map(permissionResource)),
    },
    {
      method: "POST",
      pattern: path,
      handle: (call) => created(permissionResource(givePermission(engine, call.body, objectOf(call)))),
    },
    {
      method: "GET",
      pattern: `${path}/:permission`,
      handle: (call) => ok(permissionResource(permissionOf(call))),
    },
    {
      method: "DELETE",
      pattern: `${path}/:permission`,
      handle: (call) => {
        engine.world.permissions.delete(permissionOf(call).id);
        engine.save();
        return accepted();
      },
    },
  ];
};

/** `/permissions`, those on the system, and `/{objects}/ID/permissions`; each list tells those given directly on its object. */
export const permissionRoutes = (engine: Engine): readonly Route<Handle>[] => [
  ...routesOf(engine, "/permissions", "system"),
  ...permissionOwners.flatMap(({ kind, collection }) => routesOf(engine, `/${collection}/:object/permissions`, kind)),
];
