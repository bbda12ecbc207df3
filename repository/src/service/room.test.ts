import { expect, it } from "vitest";
import type { RepositoryStore } from "../store/repository-store.ts";
import { Room } from "./room.ts";

/** Room in front of file systems with so many free bytes. */
const roomOf = (objects: number, index: number): Room => {
  const space: RepositoryStore["space"] = () =>
    Promise.resolve({
      objects: { freeBytes: objects, totalBytes: 1000 },
      index: { freeBytes: index, totalBytes: 1000 },
    });
  return new Room({ space }, { lowWaterBytes: 100, reserveBytes: 0 });
};

it("is there down to the low-water mark of each file system, and no further", async () => {
  await expect(roomOf(100, 100).check()).resolves.toBeUndefined();
  expect(await roomOf(100, 100).refusal()).toBe("");
  const full = { code: "REPOSITORY_FULL" };
  await expect(roomOf(99, 1000).check()).rejects.toMatchObject({
    ...full,
    message: expect.stringContaining("packs has 99"),
  });
  await expect(roomOf(1000, 99).check()).rejects.toMatchObject({
    ...full,
    message: expect.stringContaining("index has 99"),
  });
});
