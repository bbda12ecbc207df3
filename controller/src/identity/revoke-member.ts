import { withdrawInvitations } from "../database/invitations-table.ts";
import type { IdentityDeps } from "./identity-deps.ts";
import type { Member } from "./member.ts";

/** A member that is believed no more, with the number of the bundle that says so. */
export interface RevokedMember {
  readonly member: Member;
  readonly trustNumber: number;
}

/** Takes a member's certificate and its place on the bus away, for ever. Whoever can be told is told before this resolves. */
export const revokeMember = async (
  deps: IdentityDeps,
  member: Member,
  signal: AbortSignal,
  onRevoked: (member: Member) => Promise<void> = async () => undefined,
): Promise<RevokedMember> => {
  // The bundle first: what comes after it can be done again, but a member that only the database calls revoked would be believed.
  const trustNumber = await deps.authority.revoke(member);
  const nowMs = deps.clock.nowMs();
  const revoked = await deps.members.change(member.role, member.id, (now = member) =>
    // Who took the name over meanwhile has a key of its own.
    now.keyId === member.keyId ? { ...now, revokedMs: now.revokedMs ?? nowMs } : now,
  );
  await withdrawInvitations(deps.database.queries, member.id, nowMs);
  deps.log.info("member revoked", { role: member.role, member: member.id, name: member.name, trust: trustNumber });
  // What it held is given to others at once: telling everybody may have to wait for one who does not answer.
  await Promise.all([onRevoked(revoked), deps.push.tell(signal)]);
  return { member: revoked, trustNumber };
};
