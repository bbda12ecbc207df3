import type { UserRole } from "@holdfast/shared/identity/user-token";

/** A user's token as it is kept: of the secret only the hash. */
export interface User {
  readonly tokenId: string;
  readonly name: string;
  readonly role: UserRole;
  readonly secretHash: string;
  readonly createdMs: number;
  /** Null for never. */
  readonly expiresMs: number | null;
  readonly lastUsedMs: number | null;
  readonly revokedMs: number | null;
}
