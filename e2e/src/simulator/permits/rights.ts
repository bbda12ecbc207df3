import { blankTemplateId } from "../model/inventory.ts";
import type { ObjectRef, Permission, Role } from "../model/access.ts";
import type { World } from "../model/world.ts";
import { isSame, lineageOf } from "./object-tree.ts";
import type { Permit } from "./permit-names.ts";

/** A permission with its role looked up. */
interface Grant {
  readonly role: Role;
  readonly object: ObjectRef;
}

/** What one user may see and do at this moment; permissions are looked up at each question. */
export class Rights {
  readonly #world: World;
  readonly #userId: string;

  constructor(world: World, login: string) {
    this.#world = world;
    this.#userId = [...world.users.values()].find((user) => user.login === login)?.id ?? "";
  }

  /** True when a role of the user, on the object or above it, has the permit. */
  mayDo(permit: Permit, object: ObjectRef): boolean {
    const lineage = lineageOf(this.#world, object);
    return this.#grants().some(
      ({ role, object: on }) => role.permits.includes(permit) && lineage.some((one) => isSame(one, on)),
    );
  }

  /** True when a role anywhere lets the user log in. */
  mayLogIn(): boolean {
    return this.#grants().some(({ role }) => role.permits.includes("login"));
  }

  /** True for the holder of an administrative role on anything. */
  isAdministrator(): boolean {
    return this.#grants().some(({ role }) => role.administrative);
  }

  /** True when the user has a permission on the object, on what is above it, or on something below it. */
  maySee(object: ObjectRef): boolean {
    if (object.kind === "template" && object.id === blankTemplateId) return true;
    const lineage = lineageOf(this.#world, object);
    return this.#grants().some(
      ({ object: on }) =>
        lineage.some((one) => isSame(one, on)) || lineageOf(this.#world, on).some((one) => isSame(one, object)),
    );
  }

  /** True when it is the user's own account. */
  isSelf(userId: string): boolean {
    return userId === this.#userId;
  }

  #grants(): readonly Grant[] {
    return [...this.#world.permissions.values()]
      .filter(({ userId }) => userId === this.#userId)
      .flatMap((permission: Permission) => {
        const role = this.#world.roles.get(permission.roleId);
        return role === undefined ? [] : [{ role, object: permission.object }];
      });
  }
}
