import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fromHex } from "./content-id.ts";
import { decodeManifest } from "./manifest.ts";
import { goldenManifest, makeVectors } from "./testing/golden-samples.ts";

test("every structure is written byte for byte as in the golden vectors", async () => {
  const golden: unknown = JSON.parse(await readFile(join(import.meta.dirname, "golden/vectors.json"), "utf8"));
  expect(makeVectors()).toEqual(golden);
});

test("the golden manifest is read back whole", () => {
  expect(decodeManifest(fromHex(makeVectors()["manifest"] ?? ""))).toEqual(goldenManifest);
});
