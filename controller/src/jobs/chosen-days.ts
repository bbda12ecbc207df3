import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

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
  const [year = 0, month = 0, day = 0] = calendarDay.split("-").map(Number);
  const weekday = weekdays[(new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7];
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return (
    days.includes(`${day}`) ||
    (weekday !== undefined && days.includes(weekday)) ||
    (day === lastDay && days.includes("last"))
  );
};
