import { describe, expect, it } from "vitest";
import { dueStart, isDailyTime, nextNominalMs } from "./schedule.ts";

const at = (iso: string): number => Date.parse(iso);
const berlin = (dailyAt: string) => ({ dailyAt, timeZone: "Europe/Berlin" });
const next = (schedule: ReturnType<typeof berlin>, iso: string): string =>
  new Date(nextNominalMs(schedule, at(iso))).toISOString();

describe("a daily schedule", () => {
  it("runs at its time in its zone, whatever the machine's", () => {
    expect(next(berlin("22:00"), "2026-01-10T12:00:00Z")).toBe("2026-01-10T21:00:00.000Z");
    expect(next(berlin("22:00"), "2026-07-10T12:00:00Z")).toBe("2026-07-10T20:00:00.000Z");
  });

  it("runs a time that does not exist at the first valid minute", () => {
    expect(next(berlin("02:30"), "2026-03-28T12:00:00Z")).toBe("2026-03-29T01:00:00.000Z");
  });

  it("runs a time that exists twice once, at its first", () => {
    const first = next(berlin("02:30"), "2026-10-24T12:00:00Z");
    expect(first).toBe("2026-10-25T00:30:00.000Z");
    expect(next(berlin("02:30"), first)).toBe("2026-10-26T01:30:00.000Z");
  });

  it("is due once, and not again when it is dealt with", () => {
    const handled = at("2026-01-10T12:00:00Z");
    expect(dueStart(berlin("22:00"), handled, at("2026-01-10T20:59:59Z"))).toBeNull();
    const due = dueStart(berlin("22:00"), handled, at("2026-01-10T21:00:05Z"));
    expect(due).toStrictEqual({ nominalMs: at("2026-01-10T21:00:00Z"), verdict: "run" });
    expect(dueStart(berlin("22:00"), due?.nominalMs ?? 0, at("2026-01-10T21:00:05Z"))).toBeNull();
  });

  it("makes up for a start that is less than 12 hours late, and tells of a later one", () => {
    const handled = at("2026-01-10T12:00:00Z");
    expect(dueStart(berlin("22:00"), handled, at("2026-01-11T08:59:59Z"))).toMatchObject({ verdict: "run" });
    expect(dueStart(berlin("22:00"), handled, at("2026-01-11T09:00:00Z"))).toMatchObject({ verdict: "missed" });
  });

  it("runs once after many missed days: the newest", () => {
    const due = dueStart(berlin("22:00"), at("2026-01-01T12:00:00Z"), at("2026-01-20T23:00:00Z"));
    expect(due).toStrictEqual({ nominalMs: at("2026-01-20T21:00:00Z"), verdict: "run" });
  });

  it("takes only times of day", () => {
    expect(["00:00", "23:59", "7:00", "24:00", "12:60", "noon", ""].filter(isDailyTime)).toStrictEqual([
      "00:00",
      "23:59",
    ]);
  });
});
