import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type AuditCandidate, auditText, chooseAudits, parseAudit } from "./audit.ts";

const dayMs = 86_400_000;
const candidate = (key: string, readDay: number, bytes = 10): AuditCandidate => ({
  key,
  readMs: readDay * dayMs,
  bytes,
});
const on = (day: number, budgetBytes = 1_000, periodDays = 90) => ({ nowMs: day * dayMs, periodDays, budgetBytes });

test("a period is a number of days, or off", () => {
  expect(["", "off", "7d"].map(parseAudit)).toEqual([90, 0, 7]);
  expect([0, 90].map(auditText)).toEqual(["off", "90d"]);
  for (const wrong of ["0d", "-3d", "weekly", "90"]) expect(() => parseAudit(wrong)).toThrow("not a period");
});

test("nobody is audited before three quarters of the period, everybody at its end, and nobody when it is off", () => {
  const all = Array.from({ length: 50 }, (_, index) => candidate(`vm-${index}`, 0));
  expect(chooseAudits(all, on(67)).chosen.size).toBe(0);
  expect(chooseAudits(all, on(90)).chosen.size).toBe(50);
  expect(chooseAudits(all, on(900, 1_000, 0))).toEqual({ chosen: new Set(), postponed: [] });
});

test("VMs that began in one night come due in many", () => {
  const all = Array.from({ length: 200 }, (_, index) => candidate(`vm-${index}`, 0));
  const perNight = Array.from({ length: 23 }, (_, night) => chooseAudits(all, on(68 + night, 1e9)).chosen.size).map(
    (size, night, sizes) => size - (sizes[night - 1] ?? 0),
  );
  expect(perNight.filter((size) => size > 0).length).toBeGreaterThan(15);
});

test("the bytes of a night bound what is read; the longest due goes first, and what is too large goes alone", () => {
  const all = [candidate("late", 0, 30), candidate("later", -30, 60), candidate("latest", -60, 20)];
  expect(chooseAudits(all, on(100, 60))).toEqual({ chosen: new Set(["latest", "late"]), postponed: ["later"] });
  expect(chooseAudits([candidate("huge", 0, 500), candidate("small", 1, 1)], on(100, 60))).toEqual({
    chosen: new Set(["huge"]),
    postponed: ["small"],
  });
});

test("whoever is due is chosen or postponed, and within one period of nights everybody was chosen", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sizes, (bytes) => {
      const read = new Map(bytes.map((_, index) => [`vm-${index}`, 0]));
      for (let day = 1; day <= 120; day += 1) {
        const all = bytes.map((size, index) => candidate(`vm-${index}`, read.get(`vm-${index}`) ?? 0, size));
        for (const key of chooseAudits(all, on(day, 50)).chosen) read.set(key, day);
      }
      expect([...read.values()].every((day) => day > 0)).toBe(true);
    }),
    { numRuns: 25 },
  );
});
