import { create } from "@bufbuild/protobuf";
import { PointHealth, PointSummarySchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { expect, test } from "vitest";
import { newestBase, newestGood } from "./newest-base.ts";

const point = (pointId: string, capturedMs: bigint, facts: { health?: PointHealth; removedMs?: bigint } = {}) =>
  create(PointSummarySchema, { pointId, capturedMs, committedMs: capturedMs, health: PointHealth.GOOD, ...facts });

test("an increment is built on the newest point that is not marked removed, hurt or not (R3, policy 22)", () => {
  const points = [point("old", 1n), point("hurt", 3n, { health: PointHealth.HURT }), point("good", 2n)];
  expect(newestBase(points)?.pointId).toBe("hurt");
  expect(newestBase([...points, point("removed", 4n, { removedMs: 5n })])?.pointId).toBe("hurt");
  expect(newestBase([point("removed", 4n, { removedMs: 5n })])).toBeUndefined();
  expect(newestBase([])).toBeUndefined();
});

test("the newest good point is neither hurt nor removed (policy 2)", () => {
  const points = [
    point("hurt", 3n, { health: PointHealth.HURT }),
    point("good", 2n),
    point("removed", 4n, { removedMs: 5n }),
  ];
  expect(newestGood(points)?.pointId).toBe("good");
});

test("of two points of one moment the one that was committed later is the newer", () => {
  const [first, second] = [point("first", 1n), { ...point("second", 1n), committedMs: 2n }];
  expect(newestBase([second, first])?.pointId).toBe("second");
  expect(newestBase([first, second])?.pointId).toBe("second");
});
