import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Cron } from "croner";

/** A daily time in a zone. */
export interface DailySchedule {
  /** `HH:MM`, 24 hours. */
  readonly dailyAt: string;
  /** IANA zone. */
  readonly timeZone: string;
}

const form = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** True for `HH:MM`. */
export const isDailyTime = (text: string): boolean => form.test(text);

/**
 * The first nominal time after a moment. A time that a day does not have runs at its first valid minute; one that a day has
 * twice runs once, at its first (policy 36).
 */
export const nextNominalMs = (schedule: DailySchedule, afterMs: number): number => {
  const next = cronOf(schedule).nextRun(toIso(afterMs))?.getTime();
  if (next === undefined) throw new HoldfastError("INTERNAL", `schedule ${schedule.dailyAt} has no next time`);
  return next;
};

/** A start that is due. */
export interface DueStart {
  readonly nominalMs: number;
  /** `run`: not more than 12 h late · `missed`: later than that, to be told instead of run (policy 35). */
  readonly verdict: "run" | "missed";
}

/** Missed starts are made up for when they are not later than this. */
export const makeUpWithinMs = 12 * 3_600_000;

const longestDayMs = 26 * 3_600_000;

/** The newest start that became due after `handledMs` (the newest nominal time dealt with, or when the schedule was made), or none. */
export const dueStart = (schedule: DailySchedule, handledMs: number, nowMs: number): DueStart | null => {
  let nominalMs = nextNominalMs(schedule, Math.max(handledMs, nowMs - 2 * longestDayMs));
  if (nominalMs > nowMs) return null;
  for (let next = nominalMs; next <= nowMs; next = nextNominalMs(schedule, next)) nominalMs = next;
  return { nominalMs, verdict: nowMs - nominalMs < makeUpWithinMs ? "run" : "missed" };
};

const cronOf = ({ dailyAt, timeZone }: DailySchedule): Cron => {
  const [, hour, minute] = form.exec(dailyAt) ?? [];
  if (hour === undefined || minute === undefined)
    throw new HoldfastError("INVALID_ARGUMENT", `not a time of day: ${dailyAt}`);
  return new Cron(`${Number(minute)} ${Number(hour)} * * *`, { timezone: timeZone, paused: true });
};
