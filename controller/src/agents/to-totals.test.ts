import { create } from "@bufbuild/protobuf";
import { AttemptProgressSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { expect, test } from "vitest";
import { diskTotalsSchema } from "../sessions/disk-totals.ts";
import { toProgress } from "./to-totals.ts";

test("a disk tells the mode that its attempt came to, with the reason for it", () => {
  const message = create(AttemptProgressSchema, {
    phase: "reading",
    disks: [{ diskId: "d1", mode: "compare", reason: "tracking-lied", route: "direct", readBytes: 7n }],
  });
  expect(toProgress(message).disks).toMatchObject([{ mode: "compare", reason: "tracking-lied", bytes: { read: 7 } }]);
});

test("a count that no disk can have is refused", () => {
  const message = create(AttemptProgressSchema, { disks: [{ diskId: "d1", storedBytes: -1n }] });
  expect(() => toProgress(message)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

test("totals that were kept without a reason leave it to the plan", () => {
  const kept = { diskId: "d1", mode: "full", route: "direct", bytes: {} };
  expect(diskTotalsSchema.parse(kept)).toMatchObject({ mode: "full", reason: "" });
});
