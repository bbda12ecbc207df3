import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FingerprintMaker, differenceOf, fingerprintOf } from "./fingerprint.ts";

const MiB = 1024 * 1024;

test("a file and the same disk given in pieces have one fingerprint, holes and an odd end included", async () => {
  const dir = await mkdtemp(join(tmpdir(), "hf-"));
  try {
    const bytes = Buffer.alloc(3 * MiB + 512);
    bytes.fill("x", 2 * MiB);
    await writeFile(join(dir, "disk.raw"), bytes);
    const maker = new FingerprintMaker(bytes.byteLength);
    // As a repository gives it: nothing for zeros, whole chunks at the end too.
    maker.take(3, Buffer.concat([bytes.subarray(3 * MiB), Buffer.alloc(MiB - 512)]));
    maker.take(2, bytes.subarray(2 * MiB, 3 * MiB));
    expect(differenceOf(await fingerprintOf(join(dir, "disk.raw")), maker.make())).toBeUndefined();
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("one other byte is a difference with its place, and so is another length", () => {
  const whole = new FingerprintMaker(2 * MiB);
  const other = new FingerprintMaker(2 * MiB);
  const bytes = Buffer.alloc(MiB);
  bytes[77] = 1;
  other.take(1, bytes);
  expect(differenceOf(whole.make(), other.make())).toBe("1 MiB differ: number 1");
  expect(differenceOf(whole.make(), new FingerprintMaker(2 * MiB + 1).make())).toMatch(/bytes here/);
});
