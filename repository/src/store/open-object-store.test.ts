import { expect, test } from "vitest";
import { openObjectStore } from "./open-object-store.ts";
import { openBucketLocation } from "./s3/testing/bucket-location.ts";
import { refusal } from "./s3/testing/server-plugs.ts";
import { temporaryFolder } from "./testing/sample-repository.ts";
import { StoreMetrics } from "./wrappers/metered-store.ts";

test("a bucket's calls are counted, each try apart, and those that were repetitions", async () => {
  await using folder = await temporaryFolder();
  let refused = 0;
  await using bucket = await openBucketLocation(folder.path, {
    onRequest: ({ method, key }) =>
      method === "PUT" && key.endsWith("/one") && (refused += 1) <= 2 ? refusal(503, "SlowDown") : undefined,
  });
  const metrics = new StoreMetrics();
  await using store = await openObjectStore(bucket.location, { metrics });
  expect(await store.putIfAbsent("one", new Uint8Array(7))).toBe("created");
  await store.get("one");
  expect(metrics.read().get("putIfAbsent")).toMatchObject({ calls: 3, failures: 2, retries: 2, sentBytes: 21 });
  expect(metrics.read().get("get")).toMatchObject({ calls: 1, failures: 0, retries: 0, receivedBytes: 7 });
});
