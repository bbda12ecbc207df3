import { create } from "@bufbuild/protobuf";
import { PointSummarySchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import { goldenManifest } from "@holdfast/shared/format/testing/golden-samples";
import { expect, test } from "vitest";
import { collectPoint } from "./collect-point.ts";

const { taskId } = goldenManifest.clear.attempt;

async function* answer(summaryOf: string) {
  const manifest = encodeManifest(goldenManifest);
  yield { part: { case: "point", value: create(PointSummarySchema, { pointId: summaryOf }) } } as const;
  yield { part: { case: "manifestPiece", value: manifest.subarray(0, 50) } } as const;
  yield await Promise.resolve({ part: { case: "manifestPiece", value: manifest.subarray(50) } } as const);
}

test("a point is put together from its pieces", async () => {
  const { summary, manifest } = await collectPoint(taskId, answer(taskId));
  expect(summary.pointId).toBe(taskId);
  expect(Buffer.compare(manifest, encodeManifest(goldenManifest))).toBe(0);
});

test("another point in its place is refused, whatever it is called", async () => {
  for (const summaryOf of ["another", taskId])
    await expect(collectPoint("another", answer(summaryOf))).rejects.toMatchObject({ code: "REPOSITORY_DAMAGED" });
});
