import { expect, test } from "vitest";
import { isChosenDay, parseChosenDays } from "./chosen-days.ts";

test.each([
  ["", ""],
  ["Sun, mon", "mon,sun"],
  ["last 15 1,1", "1,15,last"],
])("the days %j are kept as %j", (text, kept) => {
  expect(parseChosenDays(text)).toBe(kept);
});

test.each(["32", "0", "sunday", "-1"])("%s is no day", (word) => {
  expect(() => parseChosenDays(word)).toThrow(`not a day: ${word}`);
});

test.each([
  ["sun", "2026-11-29", true],
  ["sun", "2026-11-30", false],
  ["mon,sat", "2026-11-30", true],
  ["last", "2026-11-30", true],
  ["last", "2028-02-29", true],
  ["last", "2028-02-28", false],
  ["last", "2026-12-31", true],
  ["thu", "1970-01-01", true],
  ["31", "2026-11-30", false],
  ["1", "2026-12-01", true],
  ["", "2026-12-01", false],
])("of the days %j, %s is one: %j", (chosen, day, expected) => {
  expect(isChosenDay(chosen, day)).toBe(expected);
});
