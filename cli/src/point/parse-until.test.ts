import { expect, it } from "vitest";
import { parseUntil } from "./parse-until.ts";

const nowMs = Date.UTC(2026, 0, 31, 12);

it("takes spans from now, days and times", () => {
  expect(parseUntil("30d", nowMs)).toBe(nowMs + 30 * 86_400_000);
  expect(parseUntil("12h", nowMs)).toBe(nowMs + 12 * 3_600_000);
  expect(parseUntil("2027-01-31", nowMs)).toBe(Date.UTC(2027, 0, 31));
  expect(parseUntil("2027-01-31T18:00+01:00", nowMs)).toBe(Date.UTC(2027, 0, 31, 17));
  expect(parseUntil("2027-01-31T18:00:30Z", nowMs)).toBe(Date.UTC(2027, 0, 31, 18, 0, 30));
});

it.each(["", "30", "30 d", "tomorrow", "2027-13-01", "2027-04-31", "2027-01-31T18:00", "01/31/2027"])(
  "refuses %j, which may mean several times or none",
  (text) => {
    expect(() => parseUntil(text, nowMs)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  },
);
