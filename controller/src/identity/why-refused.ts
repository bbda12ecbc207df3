import { isSecretOf } from "@holdfast/shared/identity/user-token";
import type { Invitation } from "./invitation.ts";
import type { Member } from "./member.ts";

/** What a joiner shows. */
export interface Shown {
  readonly secret: string;
  /** Key of the certificate that it asks for. */
  readonly keyId: string;
  readonly nowMs: number;
}

/**
 * Why an invitation does not let in who shows this; undefined when it does. One that was used is good once more for the same key
 * only, whose answer was lost.
 */
export const whyInvitationRefused = (invitation: Invitation | undefined, shown: Shown): string | undefined => {
  // The same words for an unknown id and a wrong secret: nobody learns which invitations there are.
  if (invitation === undefined || !isSecretOf(shown.secret, invitation.secretHash)) return "it is unknown";
  if (shown.nowMs >= invitation.expiresMs) return "it has expired";
  if (invitation.usedMs !== null && invitation.usedKeyId !== shown.keyId) return "it was used";
  return undefined;
};

/** Why a repository may not join under its id; undefined when it may: the id is free, revoked, its own, or named to be replaced. */
export const whyRepositoryRefused = (
  former: Member | undefined,
  { replacesId }: Pick<Invitation, "replacesId">,
  asked: { readonly repositoryId: string; readonly keyId: string },
): string | undefined => {
  if (!/^[0-9a-z-]{1,64}$/.test(asked.repositoryId)) return "it names no repository's id";
  if (replacesId !== "" && replacesId !== asked.repositoryId) return `it is for repository ${replacesId}`;
  if (former === undefined || former.revokedMs !== null || former.keyId === asked.keyId) return undefined;
  if (replacesId === asked.repositoryId) return undefined;
  return `repository ${asked.repositoryId} has joined already, and the invitation does not say that it is replaced`;
};
