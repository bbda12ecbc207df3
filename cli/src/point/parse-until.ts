import { toIso } from "@holdfast/shared/clock/clock";
import { parseIso } from "@holdfast/shared/clock/dates";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

const spans = { h: 3_600_000, d: 86_400_000 } as const;
const spanPattern = /^(\d{1,5})([hd])$/;
const timePattern = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** The time that `30d`, `12h`, `2027-01-31` (its first moment, UTC) or `2027-01-31T18:00:00+01:00` means; INVALID_ARGUMENT. */
export const parseUntil = (text: string, nowMs: number): number => parseTime(text, nowMs, 1);

/** The same, where `30d` means so long ago. */
export const parseSince = (text: string, nowMs: number): number => parseTime(text, nowMs, -1);

const parseTime = (text: string, nowMs: number, direction: 1 | -1): number => {
  const [, count, unit] = spanPattern.exec(text) ?? [];
  if (count !== undefined) return nowMs + direction * Number(count) * spans[unit === "h" ? "h" : "d"];
  const ms = timePattern.test(text) ? parseIso(text) : undefined;
  // 31 April is taken for 1 May.
  if (ms !== undefined && (text.includes("T") || toIso(ms).startsWith(text))) return ms;
  throw new HoldfastError("INVALID_ARGUMENT", `${text} is no time: give 30d, 12h, 2027-01-31 or 2027-01-31T18:00Z`);
};
