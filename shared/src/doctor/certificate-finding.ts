import { X509Certificate } from "node:crypto";
import { toIso } from "../clock/clock.ts";
import { type Finding, toFinding } from "./finding.ts";

/** A certificate that stands somewhere, and what it means that it ends. */
export interface StandingCertificate {
  readonly subject: string;
  /** PEM (the first of a chain counts) or DER. */
  readonly certificate: string | Uint8Array;
  /** Fewer days than this deserve a warning. */
  readonly warnBelowDays: number;
  /** What to do about it. */
  readonly advice: string;
}

const dayMs = 86_400_000;

/** Days before its end from which a certificate of somebody else's deserves a warning. */
export const soonDays = 30;

/** How long a certificate is still valid, by this machine's clock. */
export const certificateFinding = (standing: StandingCertificate, nowMs: number): Finding => {
  const { subject, certificate, warnBelowDays, advice } = standing;
  const what = { kind: "certificate", subject, advice } as const;
  const parsed = parse(certificate);
  if (parsed === undefined) return toFinding({ ...what, state: "error", message: "it is no certificate" });
  const [startsMs, endsMs] = [parsed.validFromDate.getTime(), parsed.validToDate.getTime()];
  const days = (endsMs - nowMs) / dayMs;
  const measured = { value: Math.floor(days), unit: "days" } as const;
  if (nowMs >= endsMs) return toFinding({ ...what, state: "error", message: `expired on ${dayOf(endsMs)}`, measured });
  if (nowMs < startsMs)
    return toFinding({ ...what, state: "error", message: `not valid before ${dayOf(startsMs)}`, measured });
  const message = `valid until ${dayOf(endsMs)}, ${measured.value} days left`;
  return toFinding({ ...what, state: days < warnBelowDays ? "warning" : "ok", message, measured });
};

const dayOf = (ms: number): string => toIso(ms).slice(0, "2000-01-01".length);

/** A quarter of a certificate's life: one that renews itself at two thirds of it should have more left. */
export const overdueDays = (certificate: string | Uint8Array): number => {
  const parsed = parse(certificate);
  return parsed === undefined ? 0 : (parsed.validToDate.getTime() - parsed.validFromDate.getTime()) / dayMs / 4;
};

const parse = (certificate: string | Uint8Array): X509Certificate | undefined => {
  try {
    return new X509Certificate(certificate);
  } catch {
    return undefined;
  }
};
