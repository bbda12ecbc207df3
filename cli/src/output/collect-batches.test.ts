import { create } from "@bufbuild/protobuf";
import { ListPointsResponseSchema } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { expect, test } from "vitest";
import { collectBatches } from "./collect-batches.ts";

test("a list that comes in batches is one message, in order, with what stands beside its rows", async () => {
  const batches = async function* () {
    yield create(ListPointsResponseSchema, { points: [{ pointId: "a" }, { pointId: "b" }] });
    yield create(ListPointsResponseSchema, { points: [{ pointId: "c" }], remarks: [{ code: "TIMEOUT" }] });
  };
  const whole = await collectBatches(ListPointsResponseSchema, batches());
  expect(whole.points.map(({ pointId }) => pointId)).toEqual(["a", "b", "c"]);
  expect(whole.remarks.map(({ code }) => code)).toEqual(["TIMEOUT"]);
});

test("a list without batches is an empty one", async () => {
  const none = async function* () {
    // Nothing is there.
  };
  expect(await collectBatches(ListPointsResponseSchema, none())).toMatchObject({ points: [], remarks: [] });
});
