import { RemarkSchema } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { expect, test } from "vitest";
import { inBatches } from "./in-batches.ts";

const sizes = async (rows: readonly { readonly message: string }[]): Promise<readonly number[]> =>
  (await Array.fromAsync(inBatches(RemarkSchema, rows))).map((batch) => batch.length);

const row = (bytes: number) => ({ message: "x".repeat(bytes) });

test("small rows go a hundred to a message, the last ones in a smaller one, and no rows in none", async () => {
  expect(await sizes(Array.from({ length: 250 }, () => row(10)))).toEqual([100, 100, 50]);
  expect(await sizes(Array.from({ length: 100 }, () => row(10)))).toEqual([100]);
  expect(await sizes([])).toEqual([]);
});

test("large rows fill 128 KiB at most, and a larger one goes alone", async () => {
  expect(await sizes(Array.from({ length: 5 }, () => row(60_000)))).toEqual([2, 2, 1]);
  expect(await sizes([row(10), row(200_000), row(10)])).toEqual([1, 1, 1]);
});

test("rows keep their order", async () => {
  const rows = Array.from({ length: 333 }, (_none, index) => ({ message: String(index) }));
  const batches = await Array.fromAsync(inBatches(RemarkSchema, rows));
  expect(batches.flat().map(({ message }) => message)).toEqual(rows.map(({ message }) => message));
});
