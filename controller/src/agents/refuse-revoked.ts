import { agentOf } from "@holdfast/shared/bus/subjects";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { MemberRegistry } from "../identity/member-registry.ts";
import type { AskedFrom } from "./verb-deps.ts";

/** IDENTITY_REVOKED for a request of an agent that is believed no more. */
export const refuseRevoked = (members: Pick<MemberRegistry, "find">, { subject }: AskedFrom): void => {
  const member = members.find("agent", agentOf(subject));
  if (member === undefined || member.revokedMs === null) return;
  throw new HoldfastError("IDENTITY_REVOKED", `agent ${member.name} was revoked`, { details: { agent: member.id } });
};
