import { generateKeyPairSync } from "node:crypto";
import { type CertifiedKey, makeAuthority, requestCertificate, signCertificate } from "../certificates.ts";
import { type Identity, type IdentityHolder, holdIdentity } from "../identity.ts";
import type { PeerRole } from "../peer-name.ts";
import type { TaskClaims, TokenSigner } from "../task-token.ts";
import { noClaims, signTaskToken, taskTokenLifeMs } from "../task-token.ts";
import { readCertificate } from "../certificates.ts";
import { signTrustBundle, type TrustBundle } from "../trust-bundle.ts";

/** An installation's authority in memory, for tests. */
export interface TestInstallation {
  readonly installationId: string;
  readonly authority: CertifiedKey;
  readonly signer: TokenSigner;
  /** An identity signed by it, of a day's life unless told. */
  readonly identity: (role: PeerRole, id: string, lifeMs?: number) => Promise<Identity>;
  readonly hold: (role: PeerRole, id: string) => Promise<IdentityHolder>;
  /** A trust bundle, signed. */
  readonly trust: (number?: number, revoked?: TrustBundle["revoked"]) => string;
  /** A task token for whoever holds this identity. */
  readonly token: (identity: Identity, claims: Partial<TaskClaims>) => string;
}

const dayMs = 86_400_000;

/** Makes an authority with a key for task tokens. */
export const makeTestInstallation = async (installationId = "testinstall"): Promise<TestInstallation> => {
  const authority = await makeAuthority(`Holdfast ${installationId}`, { nowMs: Date.now(), lifeMs: dayMs });
  const keys = generateKeyPairSync("ed25519");
  const signer = { id: "t1", keyPem: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
  const spki = keys.publicKey.export({ type: "spki", format: "der" }).toString("base64");

  const identity: TestInstallation["identity"] = async (role, id, lifeMs = dayMs) => {
    const { keyPem, requestPem } = await requestCertificate();
    const name = { installationId, role, id };
    const wish = { requestPem, name, commonName: `${role} ${id}`, nowMs: Date.now(), lifeMs, hostNames: ["127.0.0.1"] };
    const certificatePem = await signCertificate(authority, wish);
    return { installationId, caPem: authority.certificatePem, certificatePem, keyPem };
  };
  return {
    installationId,
    authority,
    signer,
    identity,
    hold: async (role, id) => holdIdentity(await identity(role, id)),
    trust: (number = 1, revoked = []) =>
      signTrustBundle(authority, {
        v: 1,
        installationId,
        number,
        issuedMs: Date.now(),
        tokenKeys: [{ id: signer.id, spki }],
        revoked,
      }),
    token: ({ certificatePem }, claims) =>
      signTaskToken(signer, {
        ...noClaims,
        installationId,
        operation: "backup",
        attemptNumber: 1,
        keyId: readCertificate(certificatePem).keyId,
        issuedMs: Date.now(),
        expiresMs: Date.now() + taskTokenLifeMs,
        ...claims,
      }),
  };
};

let shared: Promise<TestInstallation> | undefined;

/** The one installation that the tests of a file share: making keys takes time. */
export const testInstallation = (): Promise<TestInstallation> => (shared ??= makeTestInstallation());
