import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "@holdfast/shared/process/child-process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openImage } from "./open-image.ts";

const MiB = 2 ** 20;
const never = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-img-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});
const unpacked = (): string => join(folder, "images");

test("a raw image is used as it is, its disk rounded up to whole MiB", async () => {
  const file = join(folder, "a.raw");
  await writeFile(file, Buffer.alloc(MiB + 1, "x"));
  await using image = await openImage({ file, folder: unpacked(), name: "w" }, never);
  expect([image.rawFile, image.sizeBytes]).toEqual([file, 2 * MiB]);
});

test("a qcow2 image is unpacked for the while, and what was made for it is gone afterwards", async () => {
  const raw = join(folder, "a.raw");
  const file = join(folder, "a.qcow2");
  await writeFile(raw, Buffer.concat([Buffer.alloc(65_536, "begin"), Buffer.alloc(3 * MiB - 65_536)]));
  await using packing = await startProcess({
    name: "qemu-img",
    command: "qemu-img",
    args: ["convert", "-c", "-O", "qcow2", raw, file],
  });
  expect((await packing.exited).code).toBe(0);
  {
    await using image = await openImage({ file, folder: unpacked(), name: "w" }, never);
    expect(image.sizeBytes).toBe(3 * MiB);
    expect((await readFile(image.rawFile)).equals(await readFile(raw))).toBe(true);
  }
  expect(await readdir(unpacked())).toEqual([]);
});

test.each([
  ["a backing file", 8],
  ["a data file", 72],
])("a qcow2 image with %s is not unpacked: it would take along what it names", async (_what, place) => {
  const header = Buffer.alloc(104);
  header.write("QFI\u00FB", 0, "latin1");
  header.writeUInt32BE(3, 4);
  header.writeBigUInt64BE(4n, place);
  const file = join(folder, "leak.qcow2");
  await writeFile(file, header);
  await expect(openImage({ file, folder: unpacked(), name: "w" }, never)).rejects.toMatchObject({
    code: "IMAGE_UNUSABLE",
    message: expect.stringContaining("names another file"),
  });
});

test("what is no image says why", async () => {
  const broken = join(folder, "broken");
  await writeFile(broken, Buffer.concat([Buffer.from("QFI\u00FB\0\0\0\u0002", "latin1"), Buffer.alloc(80)]));
  const open = (file: string) => openImage({ file, folder: unpacked(), name: "w" }, never);
  await expect(open(broken)).rejects.toMatchObject({
    code: "IMAGE_UNUSABLE",
    message: expect.stringContaining("unpacked"),
  });
  await expect(open(join(folder, "none"))).rejects.toMatchObject({ code: "IMAGE_UNUSABLE" });
  await writeFile(broken, "");
  await expect(open(broken)).rejects.toMatchObject({
    code: "IMAGE_UNUSABLE",
    message: expect.stringContaining("empty"),
  });
  expect(await readdir(unpacked())).toEqual([]);
});
