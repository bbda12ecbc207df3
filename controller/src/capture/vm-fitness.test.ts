import { expect, test } from "vitest";

import { kindOf } from "./capture-kind.ts";
import { aVm } from "./testing/vm-fixtures.ts";
import { whyUnfit } from "./vm-fitness.ts";

test.each(["up", "down"])("a VM that is %s can be captured", (status) => {
  expect(whyUnfit(aVm([], { status }))).toBeUndefined();
});

test.each(["paused", "suspended", "powering_up", "image_locked", "migrating", "unknown", "a word of a later engine"])(
  "a VM that is %s waits for a better moment",
  (status) => {
    expect(whyUnfit(aVm([], { status }))).toMatchObject({ code: "VM_STATE_UNFIT", retryable: true });
  },
);

test("a previewed snapshot waits, the manager's own VM never comes", () => {
  const preview = { id: "s", type: "preview", status: "in_preview", description: "", createdMs: 1 } as const;
  expect(whyUnfit(aVm([], { snapshots: [preview] }))).toMatchObject({ code: "VM_STATE_UNFIT" });
  expect(whyUnfit(aVm([], { isManager: true }))).toMatchObject({ code: "FAILED_PRECONDITION", retryable: false });
});

test("the kind of capture is what the engine made of it", () => {
  expect(kindOf({ snapshotId: "s" }, "up")).toBe("hybrid");
  expect(kindOf({ snapshotId: undefined }, "up")).toBe("live");
  expect(kindOf({ snapshotId: undefined }, "down")).toBe("cold");
});
