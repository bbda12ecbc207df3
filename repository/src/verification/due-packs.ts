import type { PackRow } from "../index/pack-rows.ts";

/** A pack with the time at which it was read back last. */
export interface JudgedPack extends PackRow {
  /** Undefined when it never was. */
  readonly readMs: number | undefined;
}

/** How much of all packs was read back lately; the three together are all bytes. */
export interface Coverage {
  /** Read back within the last 30 days. */
  readonly readBytes: number;
  /** Written within the last 30 days and not read back yet. */
  readonly freshBytes: number;
  /** Neither. */
  readonly overdueBytes: number;
  /** When the pack that was not seen for the longest was seen last; 0 for none. */
  readonly oldestMs: number;
}

export const dayMs = 86_400_000;
/** Days within which every pack is to be read back after it was written or read last. */
export const coveredDays = 30;

/** When a pack's bytes were known to be right: read back, or just written. A time in the future is of a clock that went wrong. */
const seenMs = ({ readMs, createdMs }: JudgedPack, nowMs: number): number =>
  Math.min(Math.max(readMs ?? 0, createdMs), nowMs);

/** Packs in the order in which they are to be read: those first that were not seen for the longest, and were never read. */
export const inReadingOrder = (packs: readonly JudgedPack[], nowMs: number): readonly JudgedPack[] =>
  packs.toSorted(
    (a, b) =>
      seenMs(a, nowMs) - seenMs(b, nowMs) ||
      (a.readMs ?? 0) - (b.readMs ?? 0) ||
      a.epoch - b.epoch ||
      a.sequence - b.sequence,
  );

/** The first of them that together have at least so many bytes; all for a budget of 0. */
export const withinBudget = (packs: readonly JudgedPack[], budgetBytes: number): readonly JudgedPack[] => {
  if (budgetBytes === 0) return packs;
  let bytes = 0;
  const end = packs.findIndex(({ sizeBytes }) => {
    bytes += sizeBytes;
    return bytes >= budgetBytes;
  });
  return end < 0 ? packs : packs.slice(0, end + 1);
};

/** What is left today of the share that reads everything within so many days; 0 when nothing is. */
export const dailyBudget = (packs: readonly JudgedPack[], withinDays: number, nowMs: number): number => {
  const share = Math.ceil(sumBytes(packs) / withinDays);
  const today = packs.filter(({ readMs }) => readMs !== undefined && readMs > nowMs - dayMs && readMs <= nowMs);
  return Math.max(0, share - sumBytes(today));
};

export const coverageOf = (packs: readonly JudgedPack[], nowMs: number): Coverage => {
  const since = nowMs - coveredDays * dayMs;
  const read = packs.filter(({ readMs }) => readMs !== undefined && readMs >= since);
  const overdue = packs.filter((pack) => seenMs(pack, nowMs) < since);
  const readBytes = sumBytes(read);
  const overdueBytes = sumBytes(overdue);
  const seen = packs.map((pack) => seenMs(pack, nowMs));
  const oldestMs = seen.reduce((oldest, ms) => Math.min(oldest, ms), packs.length === 0 ? 0 : nowMs);
  return { readBytes, freshBytes: sumBytes(packs) - readBytes - overdueBytes, overdueBytes, oldestMs };
};

const sumBytes = (packs: readonly PackRow[]): number => packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
