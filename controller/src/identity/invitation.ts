import type { Member } from "./member.ts";

/** A way to join once, as it is kept: of the secret only the hash. */
export interface Invitation {
  readonly inviteId: string;
  readonly secretHash: string;
  readonly role: Member["role"];
  /** The id that the joiner gets; empty for one that is allotted, or a repository's own. */
  readonly memberId: string;
  /** What the joiner is called and where it is; what is empty is left to the joiner. */
  readonly name: string;
  readonly managerName: string;
  readonly clusterName: string;
  readonly workerId: string;
  /** The repository whose place the joiner takes; empty for none. */
  readonly replacesId: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly usedMs: number | null;
  /** Key of the certificate that it was used for: only that one may ask again, whose answer was lost. */
  readonly usedKeyId: string;
}

/** Milliseconds for which an invitation is good unless told. */
export const invitationLifeMs = 3_600_000;
