import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { writeJoinToken } from "@holdfast/shared/identity/join-token";
import { hashSecret } from "@holdfast/shared/identity/user-token";
import { randomName } from "@holdfast/shared/ids/ids";
import { insertInvitation } from "../database/invitations-table.ts";
import { type Invitation, invitationLifeMs } from "./invitation.ts";
import type { IdentityDeps } from "./identity-deps.ts";

/** Whom an invitation is for. */
export interface InviteWish extends Pick<
  Invitation,
  "role" | "memberId" | "name" | "managerName" | "clusterName" | "workerId" | "replacesId"
> {
  /** 0 for an hour. */
  readonly lifeMs: number;
  /** Where this joiner finds the controller; empty for where all do. */
  readonly controllers: readonly string[];
}

/** A join token with what is known of it. */
export interface Invited {
  /** Shown once, kept nowhere (R12). */
  readonly joinToken: string;
  readonly inviteId: string;
  readonly expiresMs: number;
}

const longestLifeMs = 30 * 86_400_000;

/** Makes an invitation, and the join token that is its only copy. INVALID_ARGUMENT for a wish that makes no sense. */
export const invite = async (deps: IdentityDeps, wish: InviteWish): Promise<Invited> => {
  checkWish(wish);
  const { lifeMs, controllers, ...fixed } = wish;
  const addresses = controllers.length > 0 ? controllers : deps.whereabouts().controllers;
  if (addresses.length === 0)
    throw new HoldfastError("INVALID_ARGUMENT", "no address is known at which joiners find the controller");
  const secret = Buffer.from(deps.random(32)).toString("base64url");
  const createdMs = deps.clock.nowMs();
  const invitation: Invitation = {
    ...fixed,
    inviteId: randomName(12, deps.random),
    secretHash: hashSecret(secret),
    createdMs,
    expiresMs: createdMs + (lifeMs === 0 ? invitationLifeMs : lifeMs),
    usedMs: null,
    usedKeyId: "",
  };
  await insertInvitation(deps.database.queries, invitation);
  const { inviteId, expiresMs, role } = invitation;
  const { caFingerprint } = deps.authority;
  deps.log.info("invitation made", { invite: inviteId, role, name: wish.name, expiresMs });
  return {
    joinToken: writeJoinToken({ v: 1, controllers: [...addresses], caFingerprint, inviteId, secret, role }),
    inviteId,
    expiresMs,
  };
};

const checkWish = ({ role, managerName, clusterName, replacesId, lifeMs }: InviteWish): void => {
  const isPlaced = managerName !== "" || clusterName !== "";
  if (role === "repository" && isPlaced)
    throw new HoldfastError("INVALID_ARGUMENT", "a repository belongs to no manager or cluster");
  if (role === "agent" && (managerName === "") !== (clusterName === ""))
    throw new HoldfastError("INVALID_ARGUMENT", "an agent's place is a manager and a cluster: give both or neither");
  if (role === "agent" && replacesId !== "")
    throw new HoldfastError("INVALID_ARGUMENT", "only a repository takes another's place");
  if (lifeMs > longestLifeMs) throw new HoldfastError("INVALID_ARGUMENT", "a join token is good for 30 days at most");
};
