import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { daysBetween } from "../retention/calendar-day.ts";

const aMonday = "2024-01-01";
const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const allWords: readonly string[] = [...weekdays, ...Array.from({ length: 31 }, (_, index) => `${index + 1}`), "last"];

/**
 * Chosen days in their canonical form: weekdays `mon` to `sun`, days of the month `1` to `31` and `last`, each once, in that order,
 * with commas; empty for no day. INVALID_ARGUMENT for any other word.
 */
export const parseChosenDays = (text: string): string => {
  const words = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const wrong = words.find((word) => !allWords.includes(word));
  if (wrong !== undefined)
    throw new HoldfastError("INVALID_ARGUMENT", `not a day: ${wrong} (mon to sun, 1 to 31, last; several with commas)`);
  return allWords.filter((word) => words.includes(word)).join(",");
};

/** Whether a calendar day (`YYYY-MM-DD`) is one of the chosen days. */
export const isChosenDay = (chosen: string, calendarDay: string): boolean => {
  const days = chosen.split(",");
  const day = Number(calendarDay.slice(-2));
  const daysSinceMonday = daysBetween(aMonday, calendarDay) % weekdays.length;
  const weekday = weekdays[(daysSinceMonday + weekdays.length) % weekdays.length];
  return (
    days.includes(`${day}`) ||
    (weekday !== undefined && days.includes(weekday)) ||
    (days.includes("last") && daysBetween(calendarDay, firstOfNextMonth(calendarDay)) === 1)
  );
};

const firstOfNextMonth = (calendarDay: string): string => {
  const [year = 0, month = 0] = calendarDay.split("-").map(Number);
  const [nextYear, nextMonth] = month === 12 ? [year + 1, 1] : [year, month + 1];
  return `${String(nextYear).padStart(4, "0")}-${String(nextMonth).padStart(2, "0")}-01`;
};
