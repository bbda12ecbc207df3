import { expect, test } from "vitest";
import { bytesText, ratioText, spanText, timeText } from "./units.ts";

test("bytes are shown with three digits in powers of 1,024", () => {
  expect([0, 1023, 1024, 1536, 10 * 1024, 123 * 1024 ** 2, 5n * 1024n ** 4n].map(bytesText)).toEqual([
    "0 B",
    "1023 B",
    "1.00 KiB",
    "1.50 KiB",
    "10.0 KiB",
    "123 MiB",
    "5.00 TiB",
  ]);
});

test("spans show their two largest units", () => {
  expect([0, 1000, 65_000, 3_600_000, 90_000_000].map(spanText)).toEqual(["0 s", "1 s", "1 min 5 s", "1 h", "1 d 1 h"]);
});

test("times are UTC, and none is a dash", () => {
  expect(timeText(0n)).toBe("-");
  expect(timeText(1_760_000_000_000n)).toBe("2025-10-09 08:53:20Z");
});

test("a ratio that says nothing is a dash", () => {
  expect(ratioText(100, 40)).toBe("2.5×");
  expect(ratioText(0, 10)).toBe("-");
  expect(ratioText(10, 0)).toBe("-");
});
