import { expect, test } from "vitest";
import { needlessPeriods, powerPeriods } from "./power-periods.ts";

const history = (...changes: readonly (readonly [number, string])[]) => ({
  vmId: "v",
  name: "v",
  changes: changes.map(([atMs, status]) => ({ atMs, status })),
});

test("a VM has power from the first status of a launch to the one in which it rests", () => {
  const found = powerPeriods(
    history(
      [1, "image_locked"],
      [2, "down"],
      [10, "wait_for_launch"],
      [11, "powering_up"],
      [12, "up"],
      [20, "saving_state"],
      [21, "suspended"],
      [30, "restoring_state"],
      [31, "up"],
      [40, "powering_down"],
      [41, "down"],
      [50, "removed"],
    ),
  );
  expect(found).toStrictEqual([
    { fromMs: 10, toMs: 21 },
    { fromMs: 30, toMs: 41 },
  ]);
});

test("a VM that still runs has power without end", () => {
  expect(powerPeriods(history([1, "down"], [2, "powering_up"], [3, "up"]))).toStrictEqual([
    { fromMs: 2, toMs: Number.POSITIVE_INFINITY },
  ]);
});

test("a suspended VM that is powered off gets no power by that", () => {
  expect(powerPeriods(history([1, "suspended"], [2, "powering_down"], [3, "down"]))).toStrictEqual([]);
});

const needs = [
  { fromMs: 100, toMs: 200 },
  { fromMs: 205, toMs: 300 },
];

test("a period within its needs, and a little after them, is none too many", () => {
  expect(needlessPeriods([{ fromMs: 120, toMs: 309 }], needs, 10)).toStrictEqual([]);
});

test.each([
  ["began before the need", { fromMs: 99, toMs: 150 }],
  ["began when the need was over", { fromMs: 304, toMs: 306 }],
  ["lasted too long after it", { fromMs: 120, toMs: 311 }],
  ["has not ended", { fromMs: 120, toMs: Number.POSITIVE_INFINITY }],
])("a period that %s is told", (_what, period) => {
  expect(needlessPeriods([period], needs, 10)).toStrictEqual([period]);
});

test("a period that goes on through a gap between two needs is told", () => {
  const period = { fromMs: 120, toMs: 290 };
  expect(needlessPeriods([period], needs, 4)).toStrictEqual([period]);
});
