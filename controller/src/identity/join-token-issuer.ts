import type { IdentityDeps } from "./identity-deps.ts";
import { invite } from "./invite.ts";
import { revokeMember } from "./revoke-member.ts";

/** Whom a join token lets in, and where that one then belongs. */
export interface WorkerJoin {
  readonly role: "agent";
  readonly agentId: string;
  readonly name: string;
  readonly managerName: string;
  readonly clusterName: string;
  readonly workerId: string;
}

/** Gives agents of workers their way in, and takes it back. */
export interface WorkerJoinTokens {
  /** A new one-time, short-lived join token. It is a secret (R12). */
  issue(join: WorkerJoin): Promise<string>;
  /** Ends every identity that this agent has; one without any is fine. */
  revoke(agentId: string): Promise<void>;
}

/** Long enough for a VM to be made, started and booted. */
const lifeMs = 3_600_000;

/** Issues join tokens for agents whose ids are decided beforehand. */
export const createWorkerJoinTokens = (deps: IdentityDeps, signal: AbortSignal): WorkerJoinTokens => ({
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
