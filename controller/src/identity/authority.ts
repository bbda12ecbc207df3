import { signAgentUser, signBusAccounts } from "@holdfast/shared/bus/bus-accounts";
import { type AgentUser, readAgentUser } from "@holdfast/shared/bus/read-agent-user";
import type { Clock } from "@holdfast/shared/clock/clock";
import { type CertificateWish, fingerprintOf, signCertificate } from "@holdfast/shared/identity/certificates";
import { openTrustBundle, signTrustBundle, type TrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { openTrustKeeper, type TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import { authorityEndMs } from "@holdfast/shared/installation/check-authority";
import type { Installation } from "@holdfast/shared/installation/open-installation";
import type { Ledger } from "./ledger.ts";
import type { Member } from "./member.ts";
import { inTurn } from "@holdfast/shared/lifecycle/in-turn";

/** What is taken back: a certificate's key, and the user of the bus that came with it. */
export type Revoked = Pick<Member, "role" | "id" | "keyId" | "busPublicKey">;

/** Signs for the installation, and takes back what was signed. */
export interface Authority {
  readonly installationId: string;
  readonly caPem: string;
  readonly caFingerprint: string;
  /** The newest bundle: what everybody is to believe. */
  readonly trust: TrustKeeper;
  /** Signs a request; nothing that is signed outlives the authority itself. */
  certify(wish: Omit<CertificateWish, "nowMs">): Promise<string>;
  /** An agent's proof to the bus; empty for a member that does not use it. */
  signBusUser(member: Member): Promise<string>;
  /** What a JWT says that was signed for this agent; undefined for any other. */
  readBusUser(agentId: string, jwt: string): AgentUser | undefined;
  /** The account JWT for the servers of the bus, with everyone who was taken from it. */
  signBusAccount(): Promise<string>;
  /** Takes back; durable, and the number of the bundle that says so, when it resolves. Repeating it changes nothing. */
  revoke(what: Revoked): Promise<number>;
  /**
   * Takes back what an earlier bundle of this authority took back and the present one does not know, after a recovery; those that were
   * not known. PEER_UNTRUSTED for a bundle that is not of this authority.
   */
  learn(signed: string): Promise<TrustBundle["revoked"]>;
}

/** Opens the authority of an installation. */
export const openAuthority = async (
  { authority, busSeeds, files, identity, installationId }: Installation,
  ledger: Ledger,
  clock: Clock,
): Promise<Authority> => {
  const trust = await openTrustKeeper(files.trust, identity.caPem);
  const endMs = authorityEndMs(authority.certificatePem);
  const next = inTurn();
  const revoke = async (what: Revoked): Promise<number> => {
    const nowMs = clock.nowMs();
    if (what.busPublicKey !== "" && ledger.busRevoked[what.busPublicKey] === undefined)
      await ledger.revokeOnBus(what.busPublicKey, nowMs);
    const bundle = withRevoked(trust.current, what, nowMs);
    if (bundle !== undefined) await trust.accept(signTrustBundle(authority, bundle));
    return trust.current.number;
  };
  const learn = async (signed: string): Promise<TrustBundle["revoked"]> => {
    const { revoked } = openTrustBundle(signed, identity.caPem);
    const known = new Set(trust.current.revoked.map(({ keyId }) => keyId));
    const learnt = revoked.filter(({ keyId }) => !known.has(keyId));
    if (learnt.length === 0) return [];
    for (const { keyId } of learnt) {
      const member = ledger.members.find((one) => one.keyId === keyId);
      if (member !== undefined && member.busPublicKey !== "" && ledger.busRevoked[member.busPublicKey] === undefined)
        await ledger.revokeOnBus(member.busPublicKey, clock.nowMs());
    }
    const { current } = trust;
    const bundle = { ...current, number: current.number + 1, issuedMs: clock.nowMs() };
    await trust.accept(signTrustBundle(authority, { ...bundle, revoked: [...current.revoked, ...learnt] }));
    return learnt;
  };
  return {
    installationId,
    caPem: identity.caPem,
    caFingerprint: fingerprintOf(identity.caPem),
    trust,
    certify: (wish) => {
      const nowMs = clock.nowMs();
      return signCertificate(authority, { ...wish, nowMs, lifeMs: Math.min(wish.lifeMs, endMs - nowMs) });
    },
    signBusUser: async ({ role, id, busPublicKey, managerName, clusterName }) =>
      role === "agent" && busPublicKey !== ""
        ? await signAgentUser(busSeeds.account, { agentId: id, publicKey: busPublicKey, managerName, clusterName })
        : "",
    readBusUser: (agentId, jwt) => readAgentUser(busSeeds.account, agentId, jwt),
    signBusAccount: async () => (await signBusAccounts(busSeeds, ledger.busRevoked)).accountJwt,
    // One after another: each number is given once.
    revoke: (what) => next(() => revoke(what)),
    learn: (signed) => next(() => learn(signed)),
  };
};

/** The bundle after `current`; undefined when that says it already. */
export const withRevoked = (
  current: TrustBundle,
  { role, id, keyId }: Revoked,
  nowMs: number,
): TrustBundle | undefined => {
  if (current.revoked.some((one) => one.keyId === keyId)) return undefined;
  const name = `${role} ${id}`;
  return {
    ...current,
    number: current.number + 1,
    issuedMs: nowMs,
    revoked: [...current.revoked, { keyId, name, revokedMs: nowMs }],
  };
};
