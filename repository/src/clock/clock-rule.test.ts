import { describe, expect, it } from "vitest";
import {
  type ClockState,
  confirmClock,
  deletionVerdict,
  latestMs,
  observeClock,
  type SeenClock,
  startClock,
} from "./clock-rule.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const noon = Date.UTC(2026, 0, 31, 12);

/** A machine whose wall clock can be set apart from the time that really passes. */
const machine = (seen?: SeenClock, wallMs = noon) => {
  let reading = { wallMs, monotonicMs: 5 };
  let state: ClockState = startClock(seen, reading);
  const look = (): void => {
    state = observeClock(state, reading);
  };
  return {
    /** Lets time pass, looking every hour. */
    pass: (ms: number): void => {
      for (let left = ms; left > 0; left -= hourMs) {
        const step = Math.min(left, hourMs);
        reading = { wallMs: reading.wallMs + step, monotonicMs: reading.monotonicMs + step };
        look();
      }
    },
    jump: (ms: number): void => {
      reading = { ...reading, wallMs: reading.wallMs + ms };
      look();
    },
    confirm: (): void => {
      state = confirmClock(state, reading);
    },
    allowed: () => deletionVerdict(state, reading).allowed,
    why: () => deletionVerdict(state, reading).why,
    deletionMs: () => state.deletionMs,
    latestMs: () => latestMs(state, reading),
    suspended: () => state.suspended,
  };
};

describe("while a server runs", () => {
  it("follows the wall clock, also through small differences that add up over days", () => {
    const one = machine();
    for (let day = 0; day < 60; day += 1) {
      one.pass(dayMs);
      one.jump(hourMs);
    }
    expect(one.allowed()).toBe(true);
    expect(one.deletionMs()).toBe(noon + 60 * (dayMs + hourMs));
  });

  it.each([
    ["forward", dayMs + 1],
    ["backward", -dayMs - 1],
  ])(
    "a jump %s of more than a day suspends deletion, and its time stands still, until it is confirmed",
    (_, jumpMs) => {
      const one = machine();
      one.pass(hourMs);
      one.jump(jumpMs);
      one.pass(10 * dayMs);

      expect(one.allowed()).toBe(false);
      expect(one.suspended()).toEqual({ atMs: noon + hourMs, jumpMs });
      expect(one.why()).toContain(jumpMs > 0 ? "24 h ahead at 2026-01-31T13:00" : "24 h behind at 2026-01-31T13:00");
      expect(one.deletionMs()).toBe(noon + hourMs);
      one.jump(-jumpMs);
      expect(one.allowed()).toBe(false);
      one.confirm();
      expect(one.allowed()).toBe(true);
      expect(one.deletionMs()).toBe(noon + hourMs + 10 * dayMs);
    },
  );

  it("a jump of a day at most suspends nothing", () => {
    for (const jumpMs of [dayMs, -dayMs]) {
      const one = machine();
      one.jump(jumpMs);
      expect(one.allowed()).toBe(true);
    }
  });

  it("never lets the time of deletion go back, nor a period start before it or before the time that really is", () => {
    const one = machine();
    one.jump(20 * hourMs);
    one.jump(-30 * hourMs);
    expect(one.deletionMs()).toBe(noon + 20 * hourMs);
    expect(one.latestMs()).toBe(noon + 20 * hourMs);

    const other = machine();
    other.pass(hourMs);
    other.jump(-40 * dayMs);
    other.pass(5 * hourMs);
    expect(other.latestMs()).toBe(noon + 6 * hourMs);
    other.confirm();
    expect(other.deletionMs()).toBe(noon + hourMs);
    expect(other.latestMs()).toBe(noon + hourMs);
  });
});

describe("when a server starts", () => {
  it("goes on at once when it was off for a day at most, or never ran before", () => {
    expect(machine().allowed()).toBe(true);
    const one = machine({ seenMs: noon - dayMs, suspended: null });
    expect(one.allowed()).toBe(true);
    expect(one.deletionMs()).toBe(noon);
    const back = machine({ seenMs: noon + dayMs, suspended: null });
    expect(back.allowed()).toBe(true);
    expect(back.deletionMs()).toBe(noon + dayMs);
  });

  it("waits for a day of uptime after it was off for longer, and counts no time of before", () => {
    const one = machine({ seenMs: noon - 30 * dayMs, suspended: null });
    expect(one.why()).toContain("24 h of uptime");
    one.pass(23 * hourMs);
    expect(one.why()).toContain("1 h of uptime");
    expect(one.deletionMs()).toBe(noon - 30 * dayMs);
    expect(one.latestMs()).toBe(noon + 23 * hourMs);
    one.confirm();
    expect(one.allowed()).toBe(false);
    one.pass(hourMs);
    expect(one.allowed()).toBe(true);
    expect(one.deletionMs()).toBe(noon + dayMs);
  });

  it("suspends deletion when the clock is more than a day earlier than any seen", () => {
    const one = machine({ seenMs: noon + dayMs + 1, suspended: null });
    expect(one.allowed()).toBe(false);
    one.pass(3 * dayMs);
    expect(one.allowed()).toBe(false);
    one.confirm();
    expect(one.allowed()).toBe(true);
    expect(one.deletionMs()).toBe(noon + 3 * dayMs);
  });

  it("keeps what was suspended before, whatever the clock says now", () => {
    const suspended = { atMs: noon, jumpMs: 100 * dayMs };
    const one = machine({ seenMs: noon, suspended }, noon + hourMs);
    one.pass(30 * dayMs);
    expect(one.allowed()).toBe(false);
    expect(one.deletionMs()).toBe(noon);
  });
});
