import { describe, expect, it } from "vitest";
import { calendarDayOf, daysBetween, isTimeZone } from "./calendar-day.ts";

describe("calendar days", () => {
  it("are those of the zone, not of UTC or of the machine", () => {
    const moment = Date.UTC(2026, 2, 10, 2, 30);
    expect(calendarDayOf(moment, "UTC")).toBe("2026-03-10");
    expect(calendarDayOf(moment, "America/Sao_Paulo")).toBe("2026-03-09");
    expect(calendarDayOf(moment, "Asia/Tokyo")).toBe("2026-03-10");
  });

  it("are counted as UTC counts them, over a hundred years", () => {
    for (let day = 0; day < 36_600; day += 37) {
      const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
      expect(daysBetween("1970-01-01", text)).toBe(day);
    }
  });

  it("refuses what is no day and no zone", () => {
    expect(() => daysBetween("yesterday", "2026-01-01")).toThrow("not a calendar day");
    expect(isTimeZone("Europe/Berlin")).toBe(true);
    expect(isTimeZone("Europe/Nowhere")).toBe(false);
    expect(isTimeZone("")).toBe(false);
  });
});
