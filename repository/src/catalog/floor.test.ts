import { noStatistics } from "@holdfast/shared/format/manifest-schema";
import { expect, it } from "vitest";
import { unmarked } from "../store/mark.ts";
import type { CatalogPoint } from "./catalog-point.ts";
import { checkFloor } from "./floor.ts";

const point = (pointId: string, parts: Partial<CatalogPoint> = {}): CatalogPoint => ({
  pointId,
  attempt: { taskId: pointId, number: 1, attemptId: "a" },
  vm: { engineInstanceId: "e", vmId: "vm" },
  vmName: "vm",
  jobId: "",
  jobName: "",
  sessionId: "",
  installationId: "",
  sessionStartedMs: 0,
  capturedMs: 0,
  committedMs: 0,
  immutableUntilMs: undefined,
  calendarDay: "",
  basePointId: undefined,
  origin: undefined,
  checkpointId: undefined,
  disks: [],
  statistics: noStatistics,
  marked: unmarked,
  ...parts,
});

const hurt = {
  ...unmarked,
  verified: { atMs: 1, damaged: [{ diskId: "d", firstPosition: 0, count: 1, code: "CHUNK_MISSING" as const }] },
};
const removed = { ...unmarked, removed: { atMs: 1, reason: "", belowFloor: false } };

it("keeps three good points of the VM; hurt, removed and other VMs' points do not count", () => {
  const good = ["a", "b", "c", "d"].map((id) => point(id));
  const other = point("x", { vm: { engineInstanceId: "e", vmId: "other" } });
  const [a] = good;
  if (!a) throw new Error("no point");

  expect(() => {
    checkFloor(a, good, 3);
  }).not.toThrow();
  const refusal = expect.objectContaining({ code: "BELOW_FLOOR" });
  for (const last of [point("d", { marked: hurt }), point("d", { marked: removed }), other]) {
    expect(() => {
      checkFloor(a, [...good.slice(0, 3), last], 3);
    }).toThrow(refusal);
  }
  expect(() => {
    checkFloor(point("h", { marked: hurt }), [a], 3);
  }).not.toThrow();
});

it("keeps as many good points as it is told to, one at least", () => {
  const [a, b] = [point("a"), point("b")];
  expect(() => {
    checkFloor(a, [a, b], 1);
  }).not.toThrow();
  expect(() => {
    checkFloor(a, [a, b], 2);
  }).toThrow(expect.objectContaining({ code: "BELOW_FLOOR", details: expect.objectContaining({ floor: 2 }) }));
  expect(() => {
    checkFloor(a, [a], 1);
  }).toThrow(expect.objectContaining({ code: "BELOW_FLOOR" }));
});
