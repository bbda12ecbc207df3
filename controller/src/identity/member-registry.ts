import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Database } from "../database/database.ts";
import { listMembers, saveMember } from "../database/members-table.ts";
import type { Ledger } from "./ledger.ts";
import type { Member } from "./member.ts";
import { inTurn } from "@holdfast/shared/lifecycle/in-turn";

/** Who has joined, in memory, over the database and the ledger. */
export interface MemberRegistry {
  /** Revoked ones too, by role and name. */
  list(): readonly Member[];
  find(role: Member["role"], id: string): Member | undefined;
  /** By id, else by name; NOT_FOUND for none. */
  get(role: Member["role"], idOrName: string): Member;
  /**
   * Changes a member as it is when its turn comes, undefined for none, and keeps it in all three places. What `edit` throws is thrown
   * and changes nothing.
   */
  change(role: Member["role"], id: string, edit: (now: Member | undefined) => Member): Promise<Member>;
  /** Keeps a member, whatever it was, in all three places. */
  keep(member: Member): Promise<void>;
}

/** Opens the registry: a database that does not know a member of the ledger is told of it. */
export const openMemberRegistry = async (database: Database, ledger: Ledger): Promise<MemberRegistry> => {
  const members = new Map<string, Member>();
  const keyOf = ({ role, id }: Pick<Member, "role" | "id">): string => `${role}/${id}`;
  for (const member of await listMembers(database.queries)) members.set(keyOf(member), member);
  for (const member of ledger.members) {
    const known = members.get(keyOf(member));
    if (known !== undefined && !isNewer(member, known)) continue;
    await saveMember(database.queries, member);
    members.set(keyOf(member), member);
  }
  const kept = new Map(ledger.members.map((member) => [keyOf(member), JSON.stringify(member)]));
  for (const member of members.values())
    if (kept.get(keyOf(member)) !== JSON.stringify(member)) await ledger.keep(member);

  const next = inTurn();
  const keep = async (member: Member): Promise<Member> => {
    await saveMember(database.queries, member);
    await ledger.keep(member);
    members.set(keyOf(member), member);
    return member;
  };
  const list = (): readonly Member[] =>
    [...members.values()].sort(
      (left, right) => left.role.localeCompare(right.role) || left.name.localeCompare(right.name),
    );
  return {
    list,
    find: (role, id) => members.get(keyOf({ role, id })),
    get: (role, idOrName) => {
      const named = list().filter((member) => member.role === role && member.name === idOrName);
      const found = members.get(keyOf({ role, id: idOrName })) ?? onlyBelieved(named);
      if (found !== undefined) return found;
      if (named.length > 1)
        throw new HoldfastError("INVALID_ARGUMENT", `several members are called ${idOrName}: give an id`);
      throw new HoldfastError("NOT_FOUND", `no ${role} ${idOrName} has joined`, {
        details: { role, member: idOrName },
      });
    },
    change: (role, id, edit) => next(() => keep(edit(members.get(keyOf({ role, id }))))),
    keep: async (member) => void (await next(() => keep(member))),
  };
};

/** A database that was put back knows less than the ledger; after a crash between the two it knows more. */
const isNewer = (ledger: Member, database: Member): boolean =>
  ledger.issuedMs > database.issuedMs ||
  (ledger.issuedMs === database.issuedMs && ledger.revokedMs !== null && database.revokedMs === null);

/** Of members of one name those that are revoked do not count beside one that is not. */
const onlyBelieved = (named: readonly Member[]): Member | undefined => {
  const believed = named.filter(({ revokedMs }) => revokedMs === null);
  if (believed.length === 1) return believed[0];
  return named.length === 1 ? named[0] : undefined;
};
