import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { createRepositoryOn } from "../store/open-repository-store.ts";
import { MemoryObjectStore } from "../store/testing/memory-object-store.ts";
import { temporaryFolder, testChunkSize } from "../store/testing/sample-repository.ts";
import { verifyFailing } from "./testing/verify-failing.ts";

test("a disk that is full at any write of a verification is told by its code, and the same server finds all of it when there is room", async () => {
  let failing = 1;
  for (let isHit = true; isHit; failing += 1) {
    await using folder = await temporaryFolder();
    const objects = new MemoryObjectStore();
    const options = { chunkSize: testChunkSize, installationId: "test", clock: systemClock, random: systemRandom };
    await createRepositoryOn(objects, options);
    const { writes, code } = await verifyFailing(objects, folder.path, { failing, fault: "full" });
    isHit = writes >= failing;
    expect(code).toBe(isHit ? "REPOSITORY_FULL" : undefined);
  }
  expect(failing).toBeGreaterThan(5);
}, 90_000);
