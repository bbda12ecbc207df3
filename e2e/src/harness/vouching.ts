import { readFile } from "node:fs/promises";
import { systemClock } from "@holdfast/shared/clock/clock";
import { readCertificate, requestCertificate, signCertificate } from "@holdfast/shared/identity/certificates";
import type { Identity } from "@holdfast/shared/identity/identity";
import type { PeerRole } from "@holdfast/shared/identity/peer-name";
import { type TaskClaims, noClaims, signTaskToken, taskTokenLifeMs } from "@holdfast/shared/identity/task-token";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { type Installation, openInstallation } from "@holdfast/shared/installation/open-installation";

/** What the holder of a controller's identity folder can do: stories look past the controller with it, and forge. */
export interface Vouching {
  readonly installation: Installation;
  /** The first administrator's token. */
  readonly adminToken: string;
  /** An identity of the given name, as the authority would sign it. */
  readonly identity: (role: PeerRole, id: string, lifeMs?: number) => Promise<Identity>;
  /** A task token for an identity. */
  readonly token: (holder: Identity, claims: Partial<TaskClaims>) => string;
  /** Number of the newest trust bundle. */
  readonly trustNumber: () => Promise<number>;
}

const hourMs = 3_600_000;

/** Reads the identity folder in a controller's data folder. */
export const openVouching = async (controllerDir: string): Promise<Vouching> => {
  const installation = await openInstallation(controllerDir);
  const { installationId, authority, signer, files } = installation;
  const identity: Vouching["identity"] = async (role, id, lifeMs = hourMs) => {
    const { keyPem, requestPem } = await requestCertificate();
    const wish = { requestPem, name: { installationId, role, id }, commonName: `${role} ${id}` };
    const certificatePem = await signCertificate(authority, { ...wish, nowMs: systemClock.nowMs(), lifeMs });
    return { installationId, caPem: authority.certificatePem, certificatePem, keyPem };
  };
  return {
    installation,
    adminToken: (await readFile(files.adminToken, "utf8")).trim(),
    identity,
    token: ({ certificatePem }, claims) =>
      signTaskToken(signer, { ...claimsOf(installationId, certificatePem), ...claims }),
    trustNumber: async () =>
      openTrustBundle((await readFile(files.trust, "utf8")).trim(), authority.certificatePem).number,
  };
};

const claimsOf = (installationId: string, certificatePem: string): TaskClaims => ({
  ...noClaims,
  installationId,
  operation: "backup",
  keyId: readCertificate(certificatePem).keyId,
  issuedMs: systemClock.nowMs(),
  expiresMs: systemClock.nowMs() + taskTokenLifeMs,
});
