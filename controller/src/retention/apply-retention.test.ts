import { create } from "@bufbuild/protobuf";
import { PointHealth, PointSummarySchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { expect, test } from "vitest";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { testJob } from "../testing/test-rows.ts";
import { applyRetention } from "./apply-retention.ts";

const vm = { engineInstanceId: "e", vmId: "v" };

const point = (pointId: string, calendarDay: string) =>
  create(PointSummarySchema, { pointId, calendarDay, jobId: testJob().jobId, health: PointHealth.GOOD, vm });

test("what the repository keeps, and what is being copied, stays without a warning, and the rest goes", async () => {
  const points = ["a", "b", "c", "d"].map((pointId) => point(pointId, "2020-01-01"));
  const refusals = new Map<string, "POINT_IMMUTABLE" | "POINT_PROTECTED">([
    ["a", "POINT_IMMUTABLE"],
    ["b", "POINT_PROTECTED"],
  ]);
  const repository: Pick<RepositoryConnection, "name" | "listPoints" | "removePoint"> = {
    name: "main",
    listPoints: () => Promise.resolve(points),
    removePoint: ({ pointId }) => {
      const code = refusals.get(pointId);
      if (code !== undefined) return Promise.reject(new HoldfastError(code, "no"));
      return Promise.resolve(point(pointId, "2020-01-01"));
    },
  };
  const log = memoryLogger();
  const deps = { clock: createFakeClock(), log };
  const one = { job: testJob(), vm, repository: repository as RepositoryConnection, floor: 0, spared: new Set(["d"]) };

  expect(await applyRetention(deps, one, new AbortController().signal)).toEqual([]);
  const removed = log.lines.filter(({ message }) => message === "point removed by retention");
  expect(removed.map(({ fields }) => fields["point"])).toEqual(["c"]);
});
