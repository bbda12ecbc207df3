import type { Engine } from "../engine/engine.ts";
import { MissingEntity, conflict, existing, incomplete } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { entity, namedReference, parseBody, text } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { searchedRows } from "../http/search.ts";
import type { Permission, Role, User } from "../model/access.ts";
import { addPermit, createRole, removePermit, removeRole } from "../permits/edit-roles.ts";
import { findPermit } from "../permits/permit-names.ts";
import { permissionResource, permitResource, roleResource, userResource } from "../rendering/resources/access.ts";

const userBody = entity({ user_name: text.optional(), principal: text.optional(), domain: namedReference.optional() }, [
  "id",
  "name",
  "namespace",
  "last_name",
  "email",
]);

/** Makes an account of the directory known to the engine; who has no password in the configuration cannot log in. */
const addUser = (engine: Engine, call: Call): Answer => {
  const body = parseBody(userBody, call.body);
  const name = body.user_name ?? body.principal;
  const domain = body.domain?.name?.replace(/-authz$/, "");
  if (name === undefined || domain === undefined) throw incomplete("User [userName, domain.name] required for add");
  const login = `${name.replace(/@[^@]*$/, "")}@${domain}`;
  if ([...engine.world.users.values()].some((user) => user.login === login)) {
    throw conflict("Cannot add User. The user is already in the system.");
  }
  const user: User = { id: newUuid(engine.random), login };
  engine.world.users.set(user.id, user);
  engine.save();
  return created(userResource(user));
};

const permissionsOf = (engine: Engine, user: User): readonly Permission[] =>
  [...engine.world.permissions.values()].filter(({ userId }) => userId === user.id);

const removeUser = (engine: Engine, user: User): Answer => {
  for (const { id } of permissionsOf(engine, user)) engine.world.permissions.delete(id);
  engine.world.users.delete(user.id);
  engine.save();
  return accepted();
};

const userRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const userOf = (call: Call): User => existing(engine.world.users, param(call, "user"));
  return [
    {
      method: "GET",
      pattern: "/users",
      handle: (call) =>
        searchedRows(
          call,
          {
            element: "user",
            all: [...engine.world.users.values()],
            searchable: ({ id, login }) => ({ id, name: login.split("@")[0], usrname: login }),
          },
          userResource,
        ),
    },
    { method: "POST", pattern: "/users", handle: (call) => addUser(engine, call) },
    { method: "GET", pattern: "/users/:user", handle: (call) => ok(userResource(userOf(call))) },
    { method: "DELETE", pattern: "/users/:user", handle: (call) => removeUser(engine, userOf(call)) },
    {
      method: "GET",
      pattern: "/users/:user/permissions",
      handle: (call) => rows(call, "permission", permissionsOf(engine, userOf(call)).map(permissionResource)),
    },
    {
      method: "GET",
      pattern: "/users/:user/roles",
      handle: (call) => {
        const ids = new Set(permissionsOf(engine, userOf(call)).map(({ roleId }) => roleId));
        return rows(call, "role", [...ids].flatMap((id) => engine.world.roles.get(id) ?? []).map(roleResource));
      },
    },
  ];
};

const permitOf = (role: Role, call: Call): string => {
  const permit = findPermit(param(call, "permit"));
  if (permit === undefined || !role.permits.includes(permit)) throw new MissingEntity("no such permit");
  return permit;
};

const permitRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const roleOf = (call: Call): Role => existing(engine.world.roles, param(call, "role"));
  const path = "/roles/:role/permits";
  return [
    {
      method: "GET",
      pattern: path,
      handle: (call) => {
        const role = roleOf(call);
        return rows(
          call,
          "permit",
          role.permits.map((permit) => permitResource(role, permit)),
        );
      },
    },
    {
      method: "POST",
      pattern: path,
      handle: (call) => created(permitResource(roleOf(call), addPermit(engine, roleOf(call), call.body))),
    },
    {
      method: "GET",
      pattern: `${path}/:permit`,
      handle: (call) => ok(permitResource(roleOf(call), permitOf(roleOf(call), call))),
    },
    {
      method: "DELETE",
      pattern: `${path}/:permit`,
      handle: (call) => {
        removePermit(engine, roleOf(call), permitOf(roleOf(call), call));
        return accepted();
      },
    },
  ];
};

/** `/users`, and `/roles` with their permits. */
export const accessRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const roleOf = (call: Call): Role => existing(engine.world.roles, param(call, "role"));
  return [
    ...userRoutes(engine),
    {
      method: "GET",
      pattern: "/roles",
      handle: (call) => rows(call, "role", [...engine.world.roles.values()].map(roleResource)),
    },
    { method: "POST", pattern: "/roles", handle: (call) => created(roleResource(createRole(engine, call.body))) },
    { method: "GET", pattern: "/roles/:role", handle: (call) => ok(roleResource(roleOf(call))) },
    {
      method: "DELETE",
      pattern: "/roles/:role",
      handle: (call) => {
        removeRole(engine, roleOf(call));
        return accepted();
      },
    },
    ...permitRoutes(engine),
  ];
};
