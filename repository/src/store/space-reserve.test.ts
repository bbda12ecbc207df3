import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { FileReserve } from "./space-reserve.ts";
import { temporaryFolder } from "./testing/sample-repository.ts";

const bytes = 3 * 1024 * 1024 + 17;

const blocksOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).blocks * 512;
  } catch {
    return -1;
  }
};

const full = (): HoldfastError => new HoldfastError("REPOSITORY_FULL", "by a test");

test("a reserve takes room on the disk, is given up when there is none, and comes back", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "reserve");
  const reserve = new FileReserve({ path, bytes, leavesBytes: 0, random: systemRandom });
  await reserve.refill();
  expect(await blocksOf(path)).toBeGreaterThanOrEqual(bytes);
  let calls = 0;
  const work = async (): Promise<string> => {
    calls += 1;
    if ((await blocksOf(path)) >= 0) throw full();
    return "done";
  };

  expect(await reserve.whenFull(work)).toBe("done");
  expect(calls).toBe(2);
  expect(await blocksOf(path)).toBe(-1);
  await reserve.refill();
  expect(await blocksOf(path)).toBeGreaterThanOrEqual(bytes);
});

test("a reserve is for a full disk alone, and gives up once", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "reserve");
  const reserve = new FileReserve({ path, bytes, leavesBytes: 0, random: systemRandom });
  await reserve.refill();
  const failWith = (caught: Error) => reserve.whenFull(() => Promise.reject(caught));
  await expect(failWith(new HoldfastError("IO_FAILED", "by a test"))).rejects.toMatchObject({ code: "IO_FAILED" });
  expect(await blocksOf(path)).toBeGreaterThan(0);
  await expect(failWith(full())).rejects.toMatchObject({ code: "REPOSITORY_FULL" });
  expect(await blocksOf(path)).toBe(-1);
});

test("a reserve is made only where room enough stays, and goes when none is wanted any more", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "reserve");
  const options = { path, bytes, leavesBytes: 0, random: systemRandom };
  await new FileReserve({ ...options, leavesBytes: Number.MAX_SAFE_INTEGER / 2 }).refill();
  expect(await blocksOf(path)).toBe(-1);
  await new FileReserve(options).refill();
  await new FileReserve({ ...options, bytes: 1024 }).refill();
  expect((await stat(path)).size).toBe(1024);
  await new FileReserve({ ...options, bytes: 0 }).refill();
  expect(await blocksOf(path)).toBe(-1);
});
