import { wakeSubject } from "@holdfast/shared/bus/subjects";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { isSignedBy, readCertificate } from "@holdfast/shared/identity/certificates";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { Authority } from "./authority.ts";
import type { Member } from "./member.ts";
import type { MemberRegistry } from "./member-registry.ts";
import { strangerOf } from "./stranger.ts";

/** What an agent shows and says of itself in its hello. */
export interface AgentWords {
  readonly certificatePem: string;
  readonly busJwt: string;
  readonly name: string;
  readonly managerName: string;
  readonly clusterName: string;
}

interface MeetDeps {
  readonly authority: Pick<Authority, "installationId" | "caPem" | "trust" | "readBusUser">;
  readonly members: Pick<MemberRegistry, "find" | "change">;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Records an agent that nobody remembers before it is given anything: one that is not recorded could not be revoked. UNAUTHENTICATED
 * when it does not show what it is let onto the bus with, IDENTITY_REVOKED when that was taken back.
 */
export const meetAgent = async (deps: MeetDeps, agentId: string, words: AgentWords): Promise<void> => {
  if (deps.members.find("agent", agentId) !== undefined) return;
  const stranger = proven(deps, agentId, words);
  const { name } = await deps.members.change("agent", agentId, (now) => now ?? stranger);
  deps.log.warn("an agent that was forgotten is recorded again", { agent: agentId, name });
};

const proven = ({ authority, clock }: MeetDeps, agentId: string, words: AgentWords): Member => {
  const { certificatePem, name, managerName, clusterName } = words;
  const user = authority.readBusUser(agentId, words.busJwt);
  if (certificatePem === "" || user === undefined) throw unproven(agentId);
  const certificate = readCertificate(certificatePem);
  const { installationId, role, id } = certificate.name;
  const isItsOwn = installationId === authority.installationId && role === "agent" && id === agentId;
  if (!isItsOwn || !isSignedBy(certificatePem, authority.caPem)) throw unproven(agentId);
  if (authority.trust.isRevoked(certificate.keyId))
    throw new HoldfastError("IDENTITY_REVOKED", `agent ${agentId} was revoked`, { details: { agent: agentId } });
  // Its place is believed as far as the bus lets it hear the wake-ups of that place.
  const isItsPlace = user.hears.includes(wakeSubject(managerName, clusterName));
  return strangerOf("agent", certificate, clock.nowMs(), {
    busPublicKey: user.publicKey,
    ...(name !== "" && { name }),
    ...(isItsPlace && { managerName, clusterName }),
  });
};

const unproven = (agentId: string): HoldfastError =>
  new HoldfastError(
    "UNAUTHENTICATED",
    `agent ${agentId} is not known, and does not show the identity that it joined with`,
    {
      details: { agent: agentId },
    },
  );
