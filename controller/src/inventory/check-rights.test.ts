import { neededPermits } from "@holdfast/shared/rights/needed-permits";
import { expect, test } from "vitest";

import type { HeldRights } from "../hypervisor/rights.ts";
import { checkRights } from "./check-rights.ts";

const all = neededPermits.map(({ permit }) => permit);
const held = (facts: Partial<HeldRights> = {}): HeldRights => ({
  administrative: true,
  everywhere: all,
  narrow: [],
  ...facts,
});

test("who has every permit on the system gets one line", () => {
  expect(checkRights(held())).toEqual([
    { name: "rights", passed: true, skipped: false, message: `all ${all.length} permits are there` },
  ]);
});

test.each(neededPermits)("without $permit its line says what does not work", ({ permit, without }) => {
  const checks = checkRights(held({ everywhere: all.filter((one) => one !== permit) }));
  expect(checks).toEqual([expect.objectContaining({ name: `permit ${permit}`, passed: false })]);
  expect(checks[0]?.message).toContain(without);
});

test.each([
  ["backup_disk", true],
  ["create_disk", false],
])("%s on a data center alone is enough: %s", (permit, passed) => {
  const narrow = [{ permit, on: "data_center 1" }];
  const checks = checkRights(held({ everywhere: all.filter((one) => one !== permit), narrow }));
  expect(checks).toEqual([expect.objectContaining({ name: `permit ${permit}`, passed })]);
  expect(checks[0]?.message).toMatch(/^only on data_center 1/);
});

test("a plain user's role is not enough whatever it holds, and an account that is not shown proves nothing", () => {
  expect(checkRights(held({ administrative: false }))).toEqual([
    expect.objectContaining({ name: "rights", passed: false }),
  ]);
  expect(checkRights(undefined)).toEqual([expect.objectContaining({ name: "rights", passed: true, skipped: true })]);
});
