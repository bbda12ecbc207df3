import { create } from "@bufbuild/protobuf";
import { type PointSummary, PointSummarySchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { expect, test } from "vitest";
import { checkpointsNeededBy } from "./needed-checkpoints.ts";

const point = (checkpointId: string, capturedMs: number, reason = "tracking-good"): PointSummary =>
  create(PointSummarySchema, {
    pointId: `p-${checkpointId}-${capturedMs}`,
    checkpointId,
    capturedMs: BigInt(capturedMs),
    disks: [
      { diskId: "d1", mode: "incremental", reason: "tracking-good" },
      { diskId: "d2", mode: "incremental", reason },
    ],
  });

const needed = (...newest: readonly PointSummary[]): readonly string[] => [...checkpointsNeededBy(newest)];

test("R3: each repository's newest point keeps its checkpoint; a point without one needs none", () => {
  expect(needed(point("cp1", 1), point("cp2", 2), point("", 3))).toEqual(["cp1", "cp2"]);
});

test("after tracking lied, only what was captured then or later is relied on, in every repository", () => {
  expect(needed(point("cp1", 1), point("cp2", 2, "tracking-lied"), point("cp3", 3))).toEqual(["cp2", "cp3"]);
});

test("after tracking missed changes in a whole read nothing older is relied on, nor is that point's own, which it does not name", () => {
  expect(needed(point("cp1", 1), point("", 2, "tracking-missed"))).toEqual([]);
});
