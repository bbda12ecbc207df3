import { isSignedBy } from "../identity/certificates.ts";
import type { Identity } from "../identity/identity.ts";
import { certificateFinding, overdueDays } from "./certificate-finding.ts";
import { type Finding, toFinding } from "./finding.ts";

const authorityWarnDays = 90;

/** Whether a process's own certificate and its authority's are valid and fit together. */
export const identityFindings = ({ certificatePem, caPem }: Identity, nowMs: number): readonly Finding[] => [
  ownFinding({ certificatePem, caPem }, nowMs),
  authorityFinding(caPem, nowMs),
];

/** How long the authority of the installation is valid. */
export const authorityFinding = (caPem: string, nowMs: number): Finding =>
  certificateFinding(
    {
      subject: "authority of the installation",
      certificate: caPem,
      warnBelowDays: authorityWarnDays,
      advice: "make a new authority for the installation and let every process join again",
    },
    nowMs,
  );

const ownFinding = ({ certificatePem, caPem }: Pick<Identity, "certificatePem" | "caPem">, nowMs: number): Finding => {
  const subject = "own certificate";
  const advice = "see in this process's log why it was not renewed; let it join again when it has expired for long";
  const warnBelowDays = overdueDays(certificatePem);
  const found = certificateFinding({ subject, certificate: certificatePem, warnBelowDays, advice }, nowMs);
  if (found.state === "error" || isSignedBy(certificatePem, caPem)) return found;
  const message = "not signed by the authority of the installation";
  return toFinding({ kind: "certificate", subject, state: "error", message, advice: "let this process join again" });
};
