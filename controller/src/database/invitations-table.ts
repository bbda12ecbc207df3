import type { Invitation } from "../identity/invitation.ts";
import { memberSchema } from "../identity/member.ts";
import type { Queries } from "./database.ts";
import type { InvitationRow } from "./schema.ts";

const toRow = (invitation: Invitation): InvitationRow => ({
  invite_id: invitation.inviteId,
  secret_hash: invitation.secretHash,
  role: invitation.role,
  member_id: invitation.memberId,
  name: invitation.name,
  manager_name: invitation.managerName,
  cluster_name: invitation.clusterName,
  worker_id: invitation.workerId,
  replaces_id: invitation.replacesId,
  created_ms: invitation.createdMs,
  expires_ms: invitation.expiresMs,
  used_ms: invitation.usedMs,
  used_key_id: invitation.usedKeyId,
});

const fromRow = (row: InvitationRow): Invitation => ({
  inviteId: row.invite_id,
  secretHash: row.secret_hash,
  role: memberSchema.shape.role.parse(row.role),
  memberId: row.member_id,
  name: row.name,
  managerName: row.manager_name,
  clusterName: row.cluster_name,
  workerId: row.worker_id,
  replacesId: row.replaces_id,
  createdMs: row.created_ms,
  expiresMs: row.expires_ms,
  usedMs: row.used_ms,
  usedKeyId: row.used_key_id,
});

/** Writes a new invitation. */
export const insertInvitation = async (queries: Queries, invitation: Invitation): Promise<void> => {
  await queries.insertInto("invitations").values(toRow(invitation)).execute();
};

/** The invitation of this id; undefined for none. */
export const findInvitation = async (queries: Queries, inviteId: string): Promise<Invitation | undefined> => {
  const row = await queries.selectFrom("invitations").selectAll().where("invite_id", "=", inviteId).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** Notes what an invitation was used for, and which member came of it. */
export const useInvitation = async (
  queries: Queries,
  inviteId: string,
  use: { readonly nowMs: number; readonly keyId: string; readonly memberId: string },
): Promise<void> => {
  await queries
    .updateTable("invitations")
    .set({ used_ms: use.nowMs, used_key_id: use.keyId, member_id: use.memberId })
    .where("invite_id", "=", inviteId)
    .execute();
};

/** Takes back what invites a member of this id and was not used yet. */
export const withdrawInvitations = async (queries: Queries, memberId: string, nowMs: number): Promise<void> => {
  await queries
    .updateTable("invitations")
    .set({ expires_ms: nowMs })
    .where("member_id", "=", memberId)
    .where("used_ms", "is", null)
    .where("expires_ms", ">", nowMs)
    .execute();
};
