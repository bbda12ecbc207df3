import { expect, test } from "vitest";

import { openCallFaults } from "./call-faults.ts";

test("a fault hits the nth call of its route, so many times, and is gone", () => {
  const faults = openCallFaults();
  faults.arm({ route: "GET /vms", nth: 2, times: 2, effect: { kind: "html503" } });
  const hits = [1, 2, 3, 4].map(() => faults.take("GET /vms").length);
  expect(hits).toEqual([0, 1, 1, 0]);
  expect(faults.list()).toEqual([]);
});

test("other routes are left alone", () => {
  const faults = openCallFaults();
  faults.arm({ route: "GET /vms", nth: 1, times: 1, effect: { kind: "html503" } });
  expect(faults.take("POST /vms")).toEqual([]);
});
