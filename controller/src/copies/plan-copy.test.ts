import { create } from "@bufbuild/protobuf";
import {
  PointHealth,
  type PointSummary,
  PointSummarySchema,
  VmKeySchema,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { describe, expect, it } from "vitest";
import { type CopyFilter, type CopyGround, originOf, planCopy } from "./plan-copy.ts";

const vm = (vmId: string) => create(VmKeySchema, { engineInstanceId: "e", vmId });
const point = (pointId: string, parts: Partial<PointSummary> = {}): PointSummary => ({
  ...create(PointSummarySchema, { pointId, vm: vm("v"), health: PointHealth.GOOD }),
  capturedMs: BigInt(pointId.charCodeAt(0)),
  ...parts,
});
const copyOf = (pointId: string, originPointId: string, originRepositoryId = "main"): PointSummary =>
  point(pointId, { originPointId, originRepositoryId });

const everything: CopyFilter = { isOfVm: () => true, isOfJob: () => true, sinceMs: 0, latest: 0 };
const plan = (parts: Partial<CopyGround>, filter: Partial<CopyFilter> = {}) => {
  const ground = {
    sourceId: "main",
    targetId: "offsite",
    source: [],
    target: [],
    underWay: new Set<string>(),
    most: 9,
  };
  const { points, hurt, ...counts } = planCopy({ ...ground, ...parts }, { ...everything, ...filter });
  return { points: points.map(({ pointId }) => pointId), hurt: hurt.map(({ pointId }) => pointId), ...counts };
};

describe("planning a copy", () => {
  it("takes what the target has not got, oldest first, and names what is hurt", () => {
    const source = [point("c"), point("a"), point("b"), point("h", { health: PointHealth.HURT })];
    const found = plan({ source, target: [copyOf("x", "b")], underWay: new Set(["c"]) });
    expect(found).toEqual({ points: ["a"], hurt: ["h"], there: 1, underWay: 1, left: 0 });
  });

  it("leaves removed points out, and more points than one session takes", () => {
    const source = [point("a"), point("b"), point("c", { removedMs: 1n })];
    expect(plan({ source, most: 1 })).toMatchObject({ points: ["a"], left: 1 });
  });

  it("knows a point by where it was first committed, whichever way it came", () => {
    // A copy of a copy; one that came from the target; one that went both ways.
    expect(plan({ source: [copyOf("m", "o", "first")], target: [copyOf("n", "o", "first")] })).toMatchObject({
      there: 1,
    });
    expect(plan({ source: [copyOf("m", "o", "offsite")], target: [point("o")] })).toMatchObject({ there: 1 });
    expect(plan({ source: [copyOf("m", "o", "first")], target: [point("o")] })).toMatchObject({ points: ["m"] });
    expect(originOf(copyOf("m", "o", "first"), "main")).toEqual({ repositoryId: "first", pointId: "o" });
    expect(originOf(point("m"), "main")).toEqual({ repositoryId: "main", pointId: "m" });
  });

  it("takes again what is hurt at the target, which heals it there", () => {
    const target = [{ ...copyOf("x", "a"), health: PointHealth.HURT }];
    expect(plan({ source: [point("a")], target })).toMatchObject({ points: ["a"], there: 0 });
    // The other way round: a point is healed from its copy.
    const hurt = [point("o", { health: PointHealth.HURT })];
    expect(plan({ source: [copyOf("m", "o", "offsite")], target: hurt })).toMatchObject({ points: ["m"] });
  });

  it("narrows by VM and job, by time, then to the newest of each VM", () => {
    const other = { vm: vm("w") };
    const source = [point("a"), point("b"), point("c"), point("d", other), point("e", other)];
    expect(plan({ source }, { latest: 1 }).points).toEqual(["c", "e"]);
    expect(plan({ source }, { latest: 2, sinceMs: "c".charCodeAt(0) }).points).toEqual(["c", "d", "e"]);
    expect(plan({ source }, { isOfVm: (one) => one.vm?.vmId === "w" }).points).toEqual(["d", "e"]);
    expect(plan({ source }, { isOfJob: ({ jobId }) => jobId === "none" }).points).toEqual([]);
  });

  it("counts what is there among the newest, so that asking again copies nothing older", () => {
    const source = [point("a"), point("b")];
    expect(plan({ source, target: [copyOf("x", "b")] }, { latest: 1 })).toMatchObject({ points: [], there: 1 });
  });
});
