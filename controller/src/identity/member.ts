import { z } from "zod";

/** A member as it is kept, in the database and beside it. */
export const memberSchema = z.object({
  role: z.enum(["agent", "repository"]),
  id: z.string(),
  name: z.string(),
  /** Key of its certificate (`keyIdOf`); stays over renewals. */
  keyId: z.string(),
  /** Agents: the public NKey of its user of the bus; empty for none. */
  busPublicKey: z.string(),
  /** Agents: where it is deployed, by the names that operators use. */
  managerName: z.string(),
  clusterName: z.string(),
  /** Set for the agent of a worker VM. */
  workerId: z.string(),
  joinedMs: z.int(),
  /** Of the certificate issued last. */
  issuedMs: z.int(),
  expiresMs: z.int(),
  revokedMs: z.int().nullable(),
});

/** An agent or a repository that has joined the installation. */
export type Member = z.output<typeof memberSchema>;
