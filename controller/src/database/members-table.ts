import { type Member, memberSchema } from "../identity/member.ts";
import type { Queries } from "./database.ts";
import type { MemberRow } from "./schema.ts";

const toRow = (member: Member): MemberRow => ({
  role: member.role,
  id: member.id,
  name: member.name,
  key_id: member.keyId,
  bus_public_key: member.busPublicKey,
  manager_name: member.managerName,
  cluster_name: member.clusterName,
  worker_id: member.workerId,
  joined_ms: member.joinedMs,
  issued_ms: member.issuedMs,
  expires_ms: member.expiresMs,
  revoked_ms: member.revokedMs,
});

const fromRow = (row: MemberRow): Member => ({
  role: memberSchema.shape.role.parse(row.role),
  id: row.id,
  name: row.name,
  keyId: row.key_id,
  busPublicKey: row.bus_public_key,
  managerName: row.manager_name,
  clusterName: row.cluster_name,
  workerId: row.worker_id,
  joinedMs: row.joined_ms,
  issuedMs: row.issued_ms,
  expiresMs: row.expires_ms,
  revokedMs: row.revoked_ms,
});

/** Writes a member, new or changed. */
export const saveMember = async (queries: Queries, member: Member): Promise<void> => {
  const { role: _role, id: _id, ...changed } = toRow(member);
  await queries
    .insertInto("members")
    .values(toRow(member))
    .onConflict((conflict) => conflict.columns(["role", "id"]).doUpdateSet(changed))
    .execute();
};

/** All members, revoked ones too, by role and name. */
export const listMembers = async (queries: Queries): Promise<readonly Member[]> =>
  (await queries.selectFrom("members").selectAll().orderBy("role").orderBy("name").orderBy("id").execute()).map(
    fromRow,
  );

/** One member; undefined for none. */
export const findMember = async (queries: Queries, role: Member["role"], id: string): Promise<Member | undefined> => {
  const row = await queries
    .selectFrom("members")
    .selectAll()
    .where("role", "=", role)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};
