import { createHash } from "node:crypto";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

const defaultAuditDays = 90;
const dayMs = 86_400_000;

/** Bytes of VMs that one run audits at most unless its job says otherwise: 512 GiB. */
export const defaultAuditBytesPerNight = 2 ** 39;

/** Days of `90d`; 0 for `off`, the default for no words. INVALID_ARGUMENT for other ones. */
export const parseAudit = (text: string): number => {
  if (text === "") return defaultAuditDays;
  if (text === "off") return 0;
  const [, days] = /^([1-9]\d{0,3})d$/.exec(text) ?? [];
  if (days === undefined) throw new HoldfastError("INVALID_ARGUMENT", `not a period: ${text} (such as 90d, or off)`);
  return Number(days);
};

/** The words that `parseAudit` reads. */
export const auditText = (days: number): string => (days === 0 ? "off" : `${days}d`);

/** A VM that may be due. */
export interface AuditCandidate {
  /** Its name among the candidates, the same at every run. */
  readonly key: string;
  /** When it was last read whole. */
  readonly readMs: number;
  /** What reading it whole is expected to read. */
  readonly bytes: number;
}

/** Who is read whole this time, and who is due as well and waits for another night. */
export interface Audits {
  readonly chosen: ReadonlySet<string>;
  readonly postponed: readonly string[];
}

/**
 * Chooses the VMs whose audit is due, the longest due first, within the bytes of one night; one that is larger than that goes alone.
 * VMs that began together do not come due together: each is due somewhere in the last quarter of the period, always at the same
 * place in it.
 */
export const chooseAudits = (
  candidates: readonly AuditCandidate[],
  {
    nowMs,
    periodDays,
    budgetBytes,
  }: { readonly nowMs: number; readonly periodDays: number; readonly budgetBytes: number },
): Audits => {
  if (periodDays === 0) return { chosen: new Set(), postponed: [] };
  const due = candidates
    .map((one) => ({ ...one, dueMs: dueMs(one, periodDays) }))
    .filter((one) => one.dueMs <= nowMs)
    .toSorted((left, right) => left.dueMs - right.dueMs);
  const chosen = new Set<string>();
  let bytes = 0;
  for (const one of due) {
    if (chosen.size > 0 && bytes + one.bytes > budgetBytes) continue;
    chosen.add(one.key);
    bytes += one.bytes;
  }
  return { chosen, postponed: due.map(({ key }) => key).filter((key) => !chosen.has(key)) };
};

const dueMs = ({ key, readMs }: AuditCandidate, periodDays: number): number =>
  readMs + periodDays * dayMs * (0.75 + 0.25 * fractionOf(key));

/** From 0 to below 1, the same for a name for ever. */
const fractionOf = (name: string): number => createHash("sha256").update(name).digest().readUInt32BE(0) / 2 ** 32;
