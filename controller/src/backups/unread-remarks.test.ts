import { expect, test } from "vitest";
import { unreadRemarks } from "./unread-remarks.ts";

test("what was not told of a VM is a warning of its backup; of one that was told there is none", () => {
  expect(unreadRemarks({ unread: ["its affinity groups: ENGINE_FAULT: no"] })).toMatchObject([
    { level: "warning", code: "SETTINGS_NOT_READ", message: expect.stringContaining("groups: ENGINE_FAULT: no") },
  ]);
  expect(unreadRemarks({})).toEqual([]);
});
