import * as z from "zod";

import type { HeldRights, NarrowPermit, RightsReader } from "../../hypervisor/rights.ts";
import type { EngineClient } from "../engine-client.ts";
import { collection, flag, stub } from "../values.ts";

const userRow = z.object({
  id: z.string(),
  user_name: z.string().default(""),
  principal: z.string().default(""),
  domain: z.object({ name: z.string().default("") }).optional(),
});
type UserRow = z.output<typeof userRow>;

const roleRow = z.object({ id: z.string(), administrative: flag.default(false) });
const permitRow = z.object({ name: z.string() });

interface Role {
  readonly administrative: boolean;
  readonly permits: readonly string[];
}

/** Objects on which a permission can be given; a permission that names none is one on the system. */
const objectKinds = [
  "data_center",
  "cluster",
  "host",
  "storage_domain",
  "network",
  "vnic_profile",
  "template",
  "vm",
  "vm_pool",
  "disk",
] as const;

const permissionRow = z
  .looseObject({ role: stub })
  .transform((row) => ({ roleId: row.role.id, on: objectKinds.map((kind) => placeOf(kind, row[kind])).find(Boolean) }));

const placeOf = (kind: string, value: unknown): string | undefined => {
  const parsed = stub.safeParse(value);
  return parsed.success ? `${kind} ${parsed.data.id}` : undefined;
};

/** Reading what our own user may do: every engine lets a user read its own account, permissions and all roles. */
export class RightsCalls implements RightsReader {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async readRights(username: string, signal: AbortSignal): Promise<HeldRights | undefined> {
    const user = await this.#findUser(username, signal);
    if (user === undefined) return undefined;
    const path = `/users/${user.id}/permissions`;
    const permissions = await this.#client.find(
      { method: "GET", path },
      collection("permission", permissionRow),
      signal,
    );
    if (permissions === undefined) return undefined;
    const everywhere = new Set<string>();
    const narrow: NarrowPermit[] = [];
    let administrative = false;
    const roles = new Map<string, Role>();
    for (const { roleId, on } of permissions) {
      // Many objects may be permitted by the same role.
      const role = roles.get(roleId) ?? (await this.#readRole(roleId, signal));
      roles.set(roleId, role);
      administrative ||= role.administrative;
      for (const permit of role.permits) {
        if (on === undefined) everywhere.add(permit);
        else narrow.push({ permit, on });
      }
    }
    return { administrative, everywhere: [...everywhere], narrow };
  }

  /** Profiles name directories, and most do it by a suffix: of several accounts of one name it must be told which is ours. */
  async #findUser(username: string, signal: AbortSignal): Promise<UserRow | undefined> {
    const at = username.lastIndexOf("@");
    const [name, profile] = [username.slice(0, at), username.slice(at + 1)];
    const call = { method: "GET", path: "/users", query: { search: `usrname="${name}@*"` } } as const;
    const found = (await this.#client.ask(call, collection("user", userRow), signal)).filter(
      ({ principal, user_name: shown }) => principal === name || shown.startsWith(`${name}@`),
    );
    const ours = found.filter(({ domain }) => domain?.name === profile || domain?.name === `${profile}-authz`);
    return ours.length === 1 ? ours[0] : found.length === 1 ? found[0] : undefined;
  }

  async #readRole(id: string, signal: AbortSignal): Promise<Role> {
    const { administrative } = await this.#client.ask({ method: "GET", path: `/roles/${id}` }, roleRow, signal);
    const call = { method: "GET", path: `/roles/${id}/permits` } as const;
    const permits = await this.#client.ask(call, collection("permit", permitRow), signal);
    return { administrative, permits: permits.map(({ name }) => name.toLowerCase()) };
  }
}
