import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { fromHex, sha256, toHex } from "@holdfast/shared/format/content-id";
import { goldenManifest, goldenRepository } from "@holdfast/shared/format/testing/golden-samples";
import { expect, test } from "vitest";
import { epochKind } from "./epoch.ts";
import { checkTable, decodeTable, packFooterSize, tableLengthOf } from "./pack-contents.ts";
import { decodePackHeader } from "./pack-header.ts";
import { decodePointObject } from "./point-object.ts";
import { decodeSmallObject } from "./small-object.ts";
import { makeObjectVectors } from "./testing/golden-objects.ts";

const vectors = makeObjectVectors();
const textOf = (name: string): Uint8Array => Buffer.from(vectors[name] ?? "", "utf8");
const bytesOf = (name: string): Uint8Array => fromHex(vectors[name] ?? "");

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (caught) {
    return caught;
  }
};

test("every object is written byte for byte as in the golden vectors", async () => {
  const golden: unknown = JSON.parse(await readFile(join(import.meta.dirname, "golden/vectors.json"), "utf8"));
  expect(vectors).toEqual(golden);
});

test("a pack's header, table and footer are read back", () => {
  expect(decodePackHeader(bytesOf("packHeader"))).toMatchObject({ kind: "page", epoch: 3, sequence: 70_000 });
  const contents = bytesOf("packContents");
  const table = contents.subarray(0, contents.byteLength - packFooterSize);
  const footer = contents.subarray(table.byteLength);
  expect(tableLengthOf(footer)).toBe(table.byteLength);
  checkTable(bytesOf("packHeader"), table, footer);
  expect([...decodeTable(table)]).toMatchObject([{ offset: 64, plainLength: 1000, storedLength: 300, level: 1 }]);
  const otherPack = new Uint8Array(64);
  expect(
    hasCode(
      thrownBy(() => checkTable(otherPack, table, footer)),
      "REPOSITORY_DAMAGED",
    ),
  ).toBe(true);
});

test("a point's object is read back, and refused as another repository's or when any byte is changed", () => {
  const bytes = bytesOf("point");
  const point = decodePointObject(bytes, { repositoryId: goldenRepository }, "point");
  expect(point.manifest).toEqual(goldenManifest);
  expect(point.commit).toMatchObject({ epoch: 3, counted: { packedBytes: 3 } });
  for (let offset = 0; offset < bytes.byteLength; offset += 37) {
    const changed = Uint8Array.from(bytes);
    changed[offset] = (changed[offset] ?? 0) ^ 1;
    const caught = thrownBy(() => decodePointObject(changed, { repositoryId: goldenRepository }, "point"));
    expect(hasCode(caught, "REPOSITORY_DAMAGED", "SCHEMA_TOO_NEW")).toBe(true);
  }
});

test("a small object is refused when damaged, of another kind, or of a later schema", () => {
  const place = { name: "epochs/00000003", repositoryId: undefined, says: {} };
  const read = (bytes: Uint8Array): unknown => thrownBy(() => decodeSmallObject(epochKind, bytes, place));
  expect(read(textOf("epoch"))).toBeUndefined();
  expect(hasCode(read(textOf("mark")), "REPOSITORY_DAMAGED")).toBe(true);
  expect(hasCode(read(textOf("epoch").subarray(1)), "REPOSITORY_DAMAGED")).toBe(true);
  // Every byte, so also those that leave it JSON of the right shape, such as a digit of the epoch.
  for (let offset = 0; offset < textOf("epoch").byteLength; offset += 1) {
    const changed = Uint8Array.from(textOf("epoch"));
    changed[offset] = (changed[offset] ?? 0) ^ 1;
    expect(hasCode(read(changed), "REPOSITORY_DAMAGED"), `byte ${offset}`).toBe(true);
  }
  const resealed = (from: string, to: string): Uint8Array => {
    const [line = ""] = (vectors["epoch"] ?? "").split("\n");
    const changed = line.replace(from, to);
    return Buffer.from(`${changed}\nsha256:${toHex(sha256(Buffer.from(changed)))}\n`);
  };
  expect(hasCode(read(resealed('"schema":1', '"schema":2')), "SCHEMA_TOO_NEW")).toBe(true);
  expect(hasCode(read(resealed('"owner"', '"ewner"')), "REPOSITORY_DAMAGED")).toBe(true);
});
