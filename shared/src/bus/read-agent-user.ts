import { decode, fromSeed, type KeyPair } from "nats-jwt";
import { z } from "zod";
import { agentUserName } from "./bus-accounts.ts";

const claimsSchema = z.object({
  iss: z.string(),
  name: z.string(),
  sub: z.string(),
  nats: z.object({ type: z.literal("user"), sub: z.object({ allow: z.array(z.string()) }) }),
});

/** What an agent's JWT says of its user of the bus. */
export interface AgentUser {
  readonly publicKey: string;
  /** Subjects that it may hear. */
  readonly hears: readonly string[];
}

/** Reads the JWT that lets an agent onto the bus; undefined for one that this account did not sign for this agent. */
export const readAgentUser = (accountSeed: string, agentId: string, jwt: string): AgentUser | undefined => {
  const claims = claimsSchema.safeParse(decoded(jwt)).data;
  const account = fromSeed(new TextEncoder().encode(accountSeed)) as KeyPair;
  if (claims?.iss !== account.getPublicKey() || claims.name !== agentUserName(agentId)) return undefined;
  return { publicKey: claims.sub, hears: claims.nats.sub.allow };
};

/** The claims of a JWT that its issuer signed, whoever that is; undefined for anything else. */
const decoded = (jwt: string): unknown => {
  try {
    return decode(jwt);
  } catch {
    return undefined;
  }
};
