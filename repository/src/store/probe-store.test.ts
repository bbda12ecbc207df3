import { systemClock } from "@holdfast/shared/clock/clock";
import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { probeStore, requireFit } from "./probe-store.ts";
import { refusal, type S3Request } from "./s3/testing/server-plugs.ts";
import { openTestBucket } from "./s3/testing/test-bucket.ts";
import { codeOf } from "./testing/code-of.ts";
import { temporaryFolder } from "./testing/sample-repository.ts";
import { faultyStore } from "./wrappers/testing/faulty-store.ts";

const deps = { clock: systemClock, random: systemRandom };
const fitCode = (fitness: Parameters<typeof requireFit>[0]): Promise<string> =>
  codeOf(Promise.resolve(fitness).then(requireFit));

test("a folder and a bucket with conditions are fit, and a probe leaves nothing in them", async () => {
  await using folder = await temporaryFolder();
  await using directory = new DirectoryObjectStore(folder.path);
  await using opened = await openTestBucket();
  for (const store of [directory, opened.store]) {
    const fitness = await probeStore(store, deps);
    expect(fitness).toMatchObject({ createsIfAbsent: true, completesIfAbsent: true, listsAfterWrite: true });
    expect(fitness.locks).toBeUndefined();
    expect(await fitCode(fitness)).toBe("none");
    expect(await Array.fromAsync(store.list("probe"))).toEqual([]);
  }
});

test("a storage that takes a name twice, or does not know the condition, is unfit, also where only parts are completed so", async () => {
  const isCompletion = ({ method, query }: S3Request): boolean => method === "POST" && "uploadId" in query;
  const forget = (request: S3Request): undefined => {
    if (isCompletion(request)) delete (request.headers as Record<string, unknown>)["if-none-match"];
  };
  const refuse = ({ headers }: S3Request) =>
    headers["if-none-match"] === undefined ? undefined : refusal(501, "NotImplemented");
  for (const [options, creates, completes] of [
    [{ conditional: false }, false, false],
    [{ onRequest: refuse }, false, false],
    [{ onRequest: forget }, true, false],
  ] as const) {
    await using opened = await openTestBucket(options);
    const fitness = await probeStore(opened.store, deps);
    expect(fitness).toMatchObject({ createsIfAbsent: creates, completesIfAbsent: completes });
    expect(await fitCode(fitness)).toBe("STORE_UNFIT");
  }
});

test("a sole writer may use a storage without conditions", async () => {
  await using opened = await openTestBucket({ conditional: false }, { soleWriter: true });
  expect(await fitCode(await probeStore(opened.store, deps))).toBe("none");
});

test("a listing that lags, and a lock that does not hold, make a storage unfit", async () => {
  await using opened = await openTestBucket();
  const lagging = faultyStore(opened.store, { decide: () => undefined, isHidden: (name) => name.endsWith("listed") });
  const late = await probeStore(lagging, deps);
  expect(late.listsAfterWrite).toBe(false);
  expect(await fitCode(late)).toBe("STORE_UNFIT");
  await using locking = await openTestBucket({ objectLock: true });
  const holds = await probeStore(locking.store, deps);
  expect(holds.locks).toBe(true);
  expect(await fitCode(holds)).toBe("none");
  // The locked object waits for the next probe.
  expect(await Array.fromAsync(locking.store.list("probe"))).toHaveLength(1);
  await using lockless = await openTestBucket({}, { objectLock: true });
  const slips = await probeStore(lockless.store, deps);
  expect(slips.locks).toBe(false);
  expect(await fitCode(slips)).toBe("STORE_UNFIT");
});

test("a storage's clock is compared with ours", async () => {
  await using opened = await openTestBucket();
  const slow = createFakeClock(Date.now() - 3_600_000);
  const { clockAheadMs } = await probeStore(opened.store, { ...deps, clock: slow });
  expect(clockAheadMs).toBeGreaterThan(3_500_000);
  expect(clockAheadMs).toBeLessThan(3_700_000);
});
