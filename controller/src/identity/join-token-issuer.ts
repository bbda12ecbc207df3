import type { IdentityDeps } from "./identity-deps.ts";
import { invite } from "./invite.ts";
import { revokeMember } from "./revoke-member.ts";
import type { JoinTokenIssuer } from "../workers/join-token-issuer.ts";

/** Long enough for a VM to be made, started and booted. */
const lifeMs = 3_600_000;

/** Issues join tokens for agents whose ids are decided beforehand. */
export const createWorkerJoinTokens = (deps: IdentityDeps, signal: AbortSignal): JoinTokenIssuer => ({
  issue: async ({ role, agentId, name, managerName, clusterName, workerId }) => {
    const place = { name, managerName, clusterName, workerId };
    const { joinToken } = await invite(deps, {
      role,
      memberId: agentId,
      ...place,
      replacesId: "",
      lifeMs,
      controllers: [],
    });
    return joinToken;
  },
  revoke: async (agentId) => {
    const member = deps.members.find("agent", agentId);
    if (member !== undefined && member.revokedMs === null) await revokeMember(deps, member, signal);
  },
});
