import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { ExaminationDesk } from "./examination-desk.ts";

const open = () => {
  const desk = new ExaminationDesk({ clock: { nowMs: () => 77 } as never, random: systemRandom });
  return { desk, examination: desk.open("a1", { version: "1.0.0", targets: [], timeoutMs: 5 }) };
};
const part = (number: number, isLast: boolean) => ({ part: number, isLast, checks: [], trustNumber: number });

test("what an agent is to look at comes with the clock of the moment at which it asks", () => {
  const { desk, examination } = open();
  expect(examination.isBegun()).toBe(false);
  expect(desk.begin("a1", examination.examineId)).toMatchObject({ clockMs: 77n, timeoutMs: 5 });
  expect(examination.isBegun()).toBe(true);
});

test("an examination is that of its agent alone, and ends when nobody waits for it", () => {
  const { desk, examination } = open();
  expect(() => desk.begin("a2", examination.examineId)).toThrow("no examination");
  expect(() => desk.take("a2", examination.examineId, part(0, true))).toThrow("no examination");
  examination[Symbol.dispose]();
  expect(() => desk.begin("a1", examination.examineId)).toThrow("no examination");
});

test("parts may come twice and in any order; it is whole when all up to the last are there", async () => {
  const { desk, examination } = open();
  let isWhole = false;
  void examination.found.then(() => (isWhole = true));
  for (const [number, isLast] of [
    [2, true],
    [0, false],
    [0, false],
  ] as const)
    desk.take("a1", examination.examineId, part(number, isLast));
  await Promise.resolve();
  expect(isWhole).toBe(false);
  desk.take("a1", examination.examineId, part(1, false));
  expect(await examination.found).toEqual({ checks: [], trustNumber: 2 });
});

test("an agent that finds without end is refused", () => {
  const { desk, examination } = open();
  expect(() => desk.take("a1", examination.examineId, part(100, false))).toThrow("found too much");
});
