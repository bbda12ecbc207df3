import type { CertificateFacts } from "@holdfast/shared/identity/certificates";
import type { Member } from "./member.ts";

/** What is known of a stranger beside its certificate. */
export type Told = Partial<Pick<Member, "name" | "busPublicKey" | "managerName" | "clusterName">>;

/** The row of a member that nobody remembers: what its certificate says, and what it tells of itself. */
export const strangerOf = (
  role: Member["role"],
  { name, keyId, notAfterMs }: Pick<CertificateFacts, "name" | "keyId" | "notAfterMs">,
  nowMs: number,
  told: Told = {},
): Member => ({
  role,
  id: name.id,
  name: name.id,
  busPublicKey: "",
  managerName: "",
  clusterName: "",
  workerId: "",
  ...told,
  keyId,
  joinedMs: nowMs,
  issuedMs: nowMs,
  expiresMs: notAfterMs,
  revokedMs: null,
});
