import { expect, test } from "vitest";
import type { PlannedDisk } from "../capture/plan-disks.ts";
import { noBytes } from "../sessions/byte-counts.ts";
import { type ForecastFacts, type PastBackup, forecastDisk, forecastSeconds, sumEstimates } from "./forecast.ts";

const planned = (mode: PlannedDisk["mode"], id = "d"): PlannedDisk => ({
  id,
  alias: id,
  sizeBytes: 1_000,
  format: "cow",
  interface: "virtio",
  bootable: true,
  active: true,
  mode,
  reason: "tracking-good",
  checksTracking: false,
});

const past = (mode: string, read: number, seconds = 10, sampled = 0): PastBackup => ({
  totals: [{ diskId: "d", mode, reason: "", route: "direct", routeReason: "", bytes: { ...noBytes, read, sampled } }],
  seconds,
});

const facts = (change: Partial<ForecastFacts> = {}): ForecastFacts => ({
  actualBytes: new Map([["d", 300]]),
  own: [],
  others: [],
  ...change,
});

test("an increment is expected to read the median of what the newest seven by changes read, their samples too", () => {
  const own = [past("incremental", 10), past("full", 900), past("unchanged", 0, 10, 4), past("incremental", 40, 10, 2)];
  expect(forecastDisk(planned("incremental"), facts({ own }))).toEqual({ value: 10, basis: "median of 3 sessions" });
  const many = [...Array.from({ length: 7 }, () => past("incremental", 5)), past("incremental", 999)];
  expect(forecastDisk(planned("incremental"), facts({ own: many }))).toEqual({
    value: 5,
    basis: "median of 7 sessions",
  });
});

test("an increment of a disk that was never read by its changes is unknown, and so is the sum", () => {
  const estimate = forecastDisk(planned("incremental"), facts({ own: [past("full", 900)] }));
  expect(estimate).toEqual({ value: undefined, basis: "no session has read it by its changes yet" });
  expect(sumEstimates([estimate, { value: 5, basis: "" }])).toBeUndefined();
  expect(
    sumEstimates([
      { value: 7, basis: "" },
      { value: 5, basis: "" },
    ]),
  ).toBe(12);
});

test.each(["full", "compare"] as const)(
  "a disk that is read whole (%s) is expected to read what it occupies, or what its last whole reading read, up to its size",
  (mode) => {
    expect(forecastDisk(planned(mode), facts()).value).toBe(300);
    expect(forecastDisk(planned(mode), facts({ own: [past("incremental", 1), past("full", 700)] })).value).toBe(700);
    expect(forecastDisk(planned(mode), facts({ actualBytes: new Map([["d", 5_000]]) })).value).toBe(1_000);
    expect(forecastDisk(planned(mode), facts({ actualBytes: new Map() })).value).toBeUndefined();
  },
);

test("nothing is read of what is skipped or unchanged", () => {
  expect(forecastDisk(planned("skipped"), facts()).value).toBe(0);
  expect(forecastDisk(planned("unchanged"), facts()).value).toBe(0);
});

test("time goes by the rate of this VM's sessions that read likewise, and is never shorter than the shortest", () => {
  const own = [past("incremental", 100, 10), past("full", 10_000, 50), past("incremental", 300, 30)];
  const increment = [planned("incremental")];
  expect(forecastSeconds(increment, 500, facts({ own }))).toEqual({
    value: 50,
    basis: "the rate of 2 sessions of this VM that read likewise",
  });
  expect(forecastSeconds(increment, 1, facts({ own })).value).toBe(10);
  expect(forecastSeconds([planned("full")], 20_000, facts({ own })).value).toBe(100);
});

test("where the VM has none, other sessions of the VM count, then other VMs of the repository; then it is unknown", () => {
  const disks = [planned("incremental")];
  expect(forecastSeconds(disks, 400, facts({ own: [past("full", 100, 10)] })).basis).toBe(
    "the rate of one session of this VM",
  );
  expect(forecastSeconds(disks, 400, facts({ others: [past("full", 100, 10)] }))).toEqual({
    value: 40,
    basis: "the rate of one session of other VMs in the repository",
  });
  expect(forecastSeconds(disks, 400, facts())).toEqual({
    value: undefined,
    basis: "no session has ended in this repository yet",
  });
  expect(forecastSeconds(disks, undefined, facts({ own: [past("full", 100)] })).value).toBeUndefined();
});
