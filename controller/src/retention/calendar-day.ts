import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

const form = /^(\d{4})-(\d{2})-(\d{2})$/;

/** The calendar day (`YYYY-MM-DD`) of a moment in an IANA zone. */
export const calendarDayOf = (epochMs: number, timeZone: string): string => {
  const parts = new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(epochMs);
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
};

/** Days from one calendar day to another; negative when the second is earlier. INVALID_ARGUMENT for what is no day. */
export const daysBetween = (from: string, to: string): number => dayNumber(to) - dayNumber(from);

/** Days since 1970-01-01 of the Gregorian calendar, counted in eras of 400 years that start in March. */
const dayNumber = (day: string): number => {
  const [, yearText, monthText, dateText] = form.exec(day) ?? [];
  if (yearText === undefined) throw new HoldfastError("INVALID_ARGUMENT", `not a calendar day: ${day}`);
  const month = Number(monthText);
  const year = Number(yearText) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + Number(dateText) - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

/** True for an IANA zone that this runtime knows. */
export const isTimeZone = (timeZone: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
};
