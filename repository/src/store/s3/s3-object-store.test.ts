import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import type { ObjectStore } from "../object-store.ts";
import { objectStoreContract } from "../object-store-contract.ts";
import { codeOf } from "../testing/code-of.ts";
import { retryingStore } from "../wrappers/retrying-store.ts";
import { openS3Bucket } from "./s3-bucket.ts";
import { S3ObjectStore } from "./s3-object-store.ts";
import { refusal, type S3Hook, type S3Request } from "./testing/server-plugs.ts";
import { openTestBucket, type TestBucket } from "./testing/test-bucket.ts";
import { unfinishedUploads } from "./unfinished-uploads.ts";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const partBytes = 5 * 1024 * 1024;

/** The store of a bucket; disposing of it ends the server too. */
const storeOf = (opened: TestBucket): ObjectStore =>
  Object.assign(opened.store, { [Symbol.asyncDispose]: opened[Symbol.asyncDispose] });

objectStoreContract("S3", async () => storeOf(await openTestBucket({}, { partBytes })));
objectStoreContract("S3 with Object Lock", async () =>
  storeOf(await openTestBucket({ objectLock: true }, { partBytes })),
);
objectStoreContract("S3 without conditions, of a sole writer", async () =>
  looksBefore(storeOf(await openTestBucket({ conditional: false }, { partBytes, soleWriter: true }))),
);

/** A sole writer puts one after another: a storage without conditions decides nothing between two at once. */
const looksBefore = (store: ObjectStore): ObjectStore => {
  let last: Promise<unknown> = Promise.resolve();
  const putIfAbsent: ObjectStore["putIfAbsent"] = (...args) => {
    const next = last.then(() => S3ObjectStore.prototype.putIfAbsent.apply(store as S3ObjectStore, args));
    last = next.catch(() => undefined);
    return next;
  };
  return Object.assign(store, { putIfAbsent });
};

const uploadsOf = async ({ bucket }: TestBucket): Promise<readonly string[]> =>
  (await Array.fromAsync(unfinishedUploads(bucket, undefined))).map(({ name }) => name).sort();

test("an object that is given up leaves no parts, one of a process that died is ended by the next owner alone when its epoch is dead", async () => {
  await using opened = await openTestBucket({}, { partBytes });
  const { store } = opened;
  {
    await using staged = await store.stage("packs/00000002/given-up");
    await staged.write([new Uint8Array(partBytes)]);
    expect(await uploadsOf(opened)).toEqual(["packs/00000002/given-up"]);
  }
  expect(await uploadsOf(opened)).toEqual([]);
  for (const name of ["dead/a", "dead/b", "dead/c", "living/d"]) {
    await (await store.stage(name)).write([new Uint8Array(partBytes)]);
  }
  await store.removeLeftovers((name) => name.startsWith("dead/"));
  expect(await uploadsOf(opened)).toEqual(["living/d"]);
});

test("a name is listed once however many pages the listing has, and nothing of a neighbouring prefix is", async () => {
  await using opened = await openTestBucket({
    onRequest: ({ query }) => {
      if ("list-type" in query) query["max-keys"] = "4";
      return undefined;
    },
  });
  const { store, bucket } = opened;
  const names = Array.from({ length: 13 }, (_, index) => `epochs/${String(index).padStart(8, "0")}`);
  for (const name of names) await store.putIfAbsent(name, bytes("x"));
  await using neighbour = new S3ObjectStore(
    await openS3Bucket({ ...bucket.settings, prefix: "some/where-else" }, opened.server.credentials),
    systemRandom,
  );
  await neighbour.putIfAbsent("epochs/99999999", bytes("x"));
  expect(await Array.fromAsync(store.list("epochs"))).toEqual(names);
  expect(opened.server.requests.filter(({ query }) => "list-type" in query)).toHaveLength(4);
});

/** Calls the storage and then breaks the connection, the first time a request is one of these. */
const loseAnswer = (isIt: (request: S3Request) => boolean): S3Hook => {
  let isLost = false;
  return (request) => {
    if (isLost || !isIt(request)) return undefined;
    isLost = true;
    return "lost";
  };
};

const waitless = { clock: systemClock, random: systemRandom, policy: { attempts: 4, firstMs: 1, maxMs: 2 } };
const isPut = ({ method, key, query }: S3Request): boolean => method === "PUT" && key !== "" && !("uploadId" in query);
const isCompletion = ({ method, query }: S3Request): boolean => method === "POST" && "uploadId" in query;

test("an answer that was lost is found out: what we wrote is ours, what others wrote meanwhile is not", async () => {
  for (const [isIt, inParts] of [
    [isPut, false],
    [isCompletion, true],
  ] as const) {
    await using opened = await openTestBucket({ onRequest: loseAnswer(isIt) });
    const store = retryingStore(opened.store, waitless);
    for (const published of ["created", "exists"]) {
      await using staged = await store.stage("packs/a", { inParts });
      await staged.write([bytes("ours")]);
      expect(await staged.publish()).toBe(published);
    }
    expect(Buffer.from(await store.get("packs/a")).toString()).toBe("ours");
    expect(await uploadsOf(opened)).toEqual([]);
  }
  await using opened = await openTestBucket({ onRequest: loseAnswer(isPut) });
  const store = retryingStore(opened.store, waitless);
  expect(await store.putIfAbsent("epochs/1", bytes("ours"))).toBe("created");
  expect(await store.putIfAbsent("epochs/1", bytes("others"))).toBe("exists");
});

const answers: readonly (readonly [number, string, string])[] = [
  [503, "SlowDown", "STORE_UNREACHABLE"],
  [500, "InternalError", "STORE_UNREACHABLE"],
  [403, "AccessDenied", "STORE_DENIED"],
  [403, "RequestTimeTooSkewed", "STORE_DENIED"],
  [404, "NoSuchBucket", "STORE_DENIED"],
  [404, "NoSuchKey", "NOT_FOUND"],
  [507, "XMinioStorageFull", "REPOSITORY_FULL"],
  [403, "QuotaExceeded", "REPOSITORY_FULL"],
  [409, "ConditionalRequestConflict", "STORE_UNREACHABLE"],
  [400, "MalformedXML", "IO_FAILED"],
  [501, "NotImplemented", "STORE_UNFIT"],
];

test("missing, full, unreachable, denied and broken storages are told apart", async () => {
  let answer = refusal(500, "InternalError");
  await using opened = await openTestBucket({ onRequest: ({ key }) => (key === "" ? undefined : answer) });
  for (const [status, name, code] of answers) {
    answer = refusal(status, name);
    expect(await codeOf(opened.store.get("a"))).toBe(code);
  }
  const wrongKey = { ...opened.server.credentials, AWS_ACCESS_KEY_ID: "other" };
  await using stranger = new S3ObjectStore(await openS3Bucket(opened.bucket.settings, wrongKey), systemRandom);
  expect(await codeOf(stranger.get("a"))).toBe("STORE_DENIED");
  await opened.server[Symbol.asyncDispose]();
  expect(await codeOf(opened.store.get("a"))).toBe("STORE_UNREACHABLE");
});

test("every request is one try of the SDK, bodies carry their checksum, and no trailers are sent", async () => {
  let failures = 0;
  await using opened = await openTestBucket({
    onRequest: (request) => (isPut(request) && (failures += 1) === 1 ? refusal(503, "SlowDown") : undefined),
  });
  expect(await codeOf(opened.store.putIfAbsent("a", bytes("x")))).toBe("STORE_UNREACHABLE");
  expect(await opened.store.putIfAbsent("a", bytes("x"))).toBe("created");
  const puts = opened.server.requests.filter(isPut);
  expect(puts).toHaveLength(2);
  for (const { headers } of puts) {
    expect(headers["content-md5"]).toBe("ndTkYSaMgDT1yFZOFVxnpg==");
    // Without TLS the signature holds the body too.
    expect(headers["x-amz-content-sha256"]).toMatch(/^[0-9a-f]{64}$/);
    expect(headers["x-amz-trailer"]).toBeUndefined();
    expect(headers["content-encoding"]).toBeUndefined();
  }
});

test("a storage tells its time", async () => {
  await using opened = await openTestBucket();
  expect(Math.abs((await opened.store.clockMs()) - Date.now())).toBeLessThan(60_000);
});

test("a write that found no answer took nothing and may be repeated: every byte is there once", async () => {
  let number = 0;
  const isPart = ({ method, query }: S3Request): boolean => method === "PUT" && "uploadId" in query;
  await using opened = await openTestBucket(
    { onRequest: (request) => (isPart(request) && (number += 1) % 3 === 2 ? refusal(503, "SlowDown") : undefined) },
    { partBytes },
  );
  const pieces = [partBytes - 7, 3, partBytes + 11, 5, partBytes].map((size, index) =>
    new Uint8Array(size).fill(index + 1),
  );
  await using staged = await opened.store.stage("packs/a");
  for (const piece of pieces) {
    while ((await codeOf(staged.write([piece]))) === "STORE_UNREACHABLE");
  }
  expect(await staged.publish()).toBe("created");
  expect(number).toBeGreaterThan(5);
  expect(Buffer.compare(await opened.store.get("packs/a"), Buffer.concat(pieces))).toBe(0);
});
