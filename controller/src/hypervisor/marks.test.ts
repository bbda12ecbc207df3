import { expect, test } from "vitest";

import {
  captureIdOf,
  correlationIdOf,
  isSameOwner,
  markOf,
  markPrefixOf,
  parseMark,
  restoredDiskIdOf,
} from "./marks.ts";

const owner = {
  installationId: "inst1",
  taskId: "0123456789abcdefghij",
  attemptNumber: 2,
  attemptId: "f00dfeedf00dfeed",
};

test("a mark is read back as the attempt that wrote it", () => {
  expect(markOf(owner)).toBe("holdfast/inst1/0123456789abcdefghij/2-f00dfeedf00dfeed");
  expect(parseMark(markOf(owner))).toEqual(owner);
  expect(markOf(owner).startsWith(markPrefixOf("inst1"))).toBe(true);
});

test.each([
  "",
  "nightly backup",
  "holdfast/inst1/",
  "holdfast/inst1/task/1",
  "holdfast/inst1/task/0-abc",
  "holdfast/inst1/task/1-abc and more",
  " holdfast/inst1/task/1-abc",
  "holdfast/inst1/TASK/1-abc",
  "holdfast/inst1/toolongtoolongtoolongtool/1-abc",
  "holdfast//task/1-abc",
])("a description like %j is nobody's mark", (description) => {
  expect(parseMark(description)).toBeUndefined();
});

test("ids derive from the whole attempt, so that a repeat collides and another attempt does not", () => {
  expect(captureIdOf(owner)).toBe(captureIdOf({ ...owner }));
  expect(captureIdOf(owner)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const others = [{ attemptNumber: 3 }, { attemptId: "0" }, { taskId: "t" }, { installationId: "i" }].map((change) =>
    captureIdOf({ ...owner, ...change }),
  );
  const all = [captureIdOf(owner), ...others, restoredDiskIdOf(owner, "d1"), restoredDiskIdOf(owner, "d2")];
  expect(new Set(all).size).toBe(7);
  expect(isSameOwner(owner, { ...owner, attemptId: "0" })).toBe(false);
});

test("a correlation id fits into what engines keep, for the longest task id", () => {
  const id = correlationIdOf({ taskId: "z".repeat(24), attemptNumber: 99_999_999 });
  expect(id).toBe(`hf-${"z".repeat(24)}-99999999`);
  expect(id).toHaveLength(36);
});
