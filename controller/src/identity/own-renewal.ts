import { X509Certificate } from "node:crypto";
import type { Clock } from "@holdfast/shared/clock/clock";
import { readCertificate, requestRenewal } from "@holdfast/shared/identity/certificates";
import type { IdentityHolder } from "@holdfast/shared/identity/identity";
import { writeCertificate } from "@holdfast/shared/identity/identity-folder";
import { renewalDueMs } from "@holdfast/shared/identity/keep-renewed";
import { controllerLifeMs } from "@holdfast/shared/installation/make-installation";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Authority } from "./authority.ts";

interface RenewalDeps {
  readonly authority: Pick<Authority, "certify">;
  readonly holder: IdentityHolder;
  /** The identity folder. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Renews the controller's own certificate when two thirds of its life are over; what listens shows the new one from then on. */
export const renewOwn = async ({ authority, holder, folder, clock, log }: RenewalDeps): Promise<void> => {
  const { certificatePem, keyPem } = holder.current;
  if (clock.nowMs() < renewalDueMs(certificatePem)) return;
  const renewed = await authority.certify({
    requestPem: await requestRenewal(keyPem),
    name: readCertificate(certificatePem).name,
    commonName: "controller",
    hostNames: hostNamesIn(certificatePem),
    lifeMs: controllerLifeMs,
  });
  await writeCertificate(folder, renewed);
  holder.replace({ ...holder.current, certificatePem: renewed });
  const { serial, notAfterMs } = readCertificate(renewed);
  log.info("the controller's certificate was renewed", { serial, expiresMs: notAfterMs });
};

/** The host names and addresses that a certificate carries. */
export const hostNamesIn = (certificatePem: string): readonly string[] =>
  (new X509Certificate(certificatePem).subjectAltName ?? "")
    .split(", ")
    .flatMap((name) => /^(?:DNS|IP Address):(?<host>\S+)$/.exec(name)?.groups?.["host"] ?? []);
