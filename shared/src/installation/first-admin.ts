import { z } from "zod";
import { userRoles } from "../identity/user-token.ts";

/** The token that an installation starts with, as far as it is kept. */
export const firstAdminSchema = z.object({
  v: z.literal(1),
  tokenId: z.string(),
  name: z.string(),
  role: z.enum(userRoles),
  /** `hashSecret` of its secret. */
  hash: z.string(),
  createdMs: z.int(),
  /** Set once it was revoked: a database that was lost must not bring it back. */
  revokedMs: z.int().default(0),
});

/** The token that an installation starts with, as far as it is kept. */
export type FirstAdmin = z.output<typeof firstAdminSchema>;
