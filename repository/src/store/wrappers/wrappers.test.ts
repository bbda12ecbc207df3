import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { describe, expect, it, test } from "vitest";
import { DirectoryObjectStore } from "../directory-object-store.ts";
import type { ObjectStore } from "../object-store.ts";
import { objectStoreContract } from "../object-store-contract.ts";
import { codeOf } from "../testing/code-of.ts";
import { temporaryFolder } from "../testing/sample-repository.ts";
import { meteredStore, StoreMetrics } from "./metered-store.ts";
import { retryingStore } from "./retrying-store.ts";
import { faultyStore, type Fault, type FaultPoint } from "./testing/faulty-store.ts";
import { recordingStore } from "./testing/recording-store.ts";
import { throttledStore } from "./throttled-store.ts";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const textOf = (found: Uint8Array): string => Buffer.from(found).toString();
const waitless = { clock: systemClock, random: systemRandom, policy: { attempts: 4, firstMs: 1, maxMs: 2 } };

class TemporaryStore extends DirectoryObjectStore {
  readonly path: string;

  constructor(path: string) {
    super(path);
    this.path = path;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await rm(this.path, { recursive: true, force: true });
  }
}

const openDirectory = async (): Promise<ObjectStore> => new TemporaryStore(await mkdtemp(join(tmpdir(), "hf-")));

/** Every second call fails once before it reaches the storage, or its answer is lost. */
const everySecond =
  (fault: Fault) =>
  ({ verb, number }: FaultPoint): Fault =>
    number % 2 === 1 && verb !== "discard" && verb !== "list" ? fault : undefined;

const wrappers: Readonly<Record<string, (store: ObjectStore) => ObjectStore>> = {
  retrying: (store) => retryingStore(store, waitless),
  "retrying over failing calls": (store) =>
    // Of several at once one may meet every failure.
    retryingStore(faultyStore(store, { decide: everySecond("unreachable") }), {
      ...waitless,
      policy: { attempts: 40, firstMs: 1, maxMs: 1 },
    }),
  throttled: (store) => throttledStore(store, { bytesPerSecond: 1e9, callsAtOnce: 2 }, systemClock),
  metered: (store) => meteredStore(store, new StoreMetrics(), systemClock),
  recording: (store) => recordingStore(store).store,
  "faulty without faults": (store) => faultyStore(store, { decide: () => undefined }),
};
for (const [kind, wrap] of Object.entries(wrappers)) {
  objectStoreContract(`${kind}, around a directory`, async () => wrap(await openDirectory()));
}

describe("retrying", () => {
  it("repeats what cannot be reached, a bounded number of times, and nothing else", async () => {
    const tries: string[] = [];
    await using inner = await openDirectory();
    const failing = (fault: Fault): ObjectStore =>
      faultyStore(inner, {
        decide: ({ verb }) => {
          tries.push(verb);
          return fault;
        },
      });
    expect(await codeOf(retryingStore(failing("unreachable"), waitless).get("a"))).toBe("STORE_UNREACHABLE");
    expect(tries.splice(0)).toEqual(["get", "get", "get", "get"]);
    expect(await codeOf(retryingStore(failing("full"), waitless).putIfAbsent("a", bytes("x")))).toBe("REPOSITORY_FULL");
    expect(tries).toEqual(["putIfAbsent"]);
  });

  it("knows its own bytes after an answer that was lost, and nobody else's", async () => {
    await using inner = await openDirectory();
    const store = retryingStore(faultyStore(inner, { decide: everySecond("lost") }), waitless);
    expect(await store.putIfAbsent("a", bytes("ours"))).toBe("created");
    expect(await store.putIfAbsent("a", bytes("others"))).toBe("exists");
    await inner.putIfAbsent("b", bytes("ours"));
    expect(await retryingStore(inner, waitless).putIfAbsent("b", bytes("ours"))).toBe("exists");
  });

  it("goes on behind the last name of a listing in order that broke off; in no order it goes on only from the start", async () => {
    await using inner = await openDirectory();
    const names = ["a/1", "a/2", "a/3", "a/4", "a/5"];
    const breakingAt = (breaks: readonly number[], listsInOrder: boolean): ObjectStore => {
      const left = [...breaks];
      const list = async function* (): AsyncGenerator<string> {
        const breakAt = left.shift();
        for (const [index, name] of names.entries()) {
          if (index === breakAt) await faultyStore(inner, { decide: () => "unreachable" }).get("a");
          yield name;
        }
      };
      return retryingStore(Object.assign(Object.create(inner) as ObjectStore, { list, listsInOrder }), waitless);
    };
    expect(await Array.fromAsync(breakingAt([0, 2, 1, 4], true).list("a"))).toEqual(names);
    expect(await Array.fromAsync(breakingAt([0, 0], false).list("a"))).toEqual(names);
    expect(await codeOf(Array.fromAsync(breakingAt([1], false).list("a")))).toBe("STORE_UNREACHABLE");
    expect(await codeOf(Array.fromAsync(breakingAt([0, 0, 0, 0, 0], true).list("a")))).toBe("STORE_UNREACHABLE");
  });

  it("waits longer each time, by chance between half and whole of it, and ends with its signal", async () => {
    const clock = createFakeClock();
    await using inner = await openDirectory();
    const waits: number[] = [];
    const store = retryingStore(faultyStore(inner, { decide: () => "unreachable" }), {
      clock,
      random: (size) => new Uint8Array(size),
      onRetry: (_verb, { waitMs }) => waits.push(waitMs),
    });
    const asked = codeOf(store.get("a"));
    await clock.advance(60_000);
    expect(await asked).toBe("STORE_UNREACHABLE");
    expect(waits).toEqual([100, 200, 400, 800]);
    const stop = new AbortController();
    const given = store.get("a", { signal: stop.signal });
    await clock.advance(1);
    stop.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
  });
});

test("a throttled store lets so many calls in at once, and so many bytes a second", async () => {
  const clock = createFakeClock();
  await using inner = await openDirectory();
  let inside = 0;
  let most = 0;
  const beganMs = new Map<string, number>();
  const { store: counted } = recordingStore(inner, ({ name }, moment) => {
    if (moment === "before") beganMs.set(name, clock.monotonicMs());
    inside += moment === "before" ? 1 : -1;
    most = Math.max(most, inside);
  });
  const store = throttledStore(counted, { bytesPerSecond: 1_000, callsAtOnce: 2 }, clock);
  await store.putIfAbsent("a", new Uint8Array(1_000));
  const later = store.putIfAbsent("b", new Uint8Array(500));
  await clock.advance(999);
  expect(await Array.fromAsync(inner.list("b"))).toEqual([]);
  await clock.advance(10_000);
  await later;
  expect(beganMs.get("b")).toBe(1_000);
  const asked = Array.from({ length: 8 }, () => store.get("a"));
  const over = Promise.all(asked).then(() => "over");
  while ((await Promise.race([over, clock.advance(1_000)])) !== "over");
  expect(most).toBe(2);
});

test("metrics tell calls, failures, bytes and time of each verb", async () => {
  const clock = createFakeClock();
  await using inner = await openDirectory();
  const { store: slow } = recordingStore(inner, async (_, moment) => {
    if (moment === "before") await clock.advance(7);
  });
  const metrics = new StoreMetrics();
  const store = meteredStore(slow, metrics, clock);
  await store.putIfAbsent("a", new Uint8Array(10));
  await store.get("a");
  await store.getRange("a", { offset: 0, length: 4 });
  await codeOf(store.get("absent"));
  await Array.fromAsync(store.list("none"));
  expect(metrics.read().get("putIfAbsent")).toMatchObject({ calls: 1, failures: 0, sentBytes: 10, totalMs: 7 });
  expect(metrics.read().get("get")).toMatchObject({
    calls: 2,
    failures: 1,
    receivedBytes: 10,
    totalMs: 14,
    slowestMs: 7,
  });
  expect(metrics.read().get("getRange")).toMatchObject({ calls: 1, receivedBytes: 4 });
  expect(metrics.read().get("list")).toMatchObject({ calls: 1, failures: 0, totalMs: 7 });
});

test("a metered store within one that repeats counts each try, and which were repetitions", async () => {
  await using inner = await openDirectory();
  const metrics = new StoreMetrics();
  const metered = meteredStore(faultyStore(inner, { decide: everySecond("unreachable") }), metrics, systemClock);
  const store = retryingStore(metered, { ...waitless, onRetry: (verb) => metrics.addRetry(verb) });
  await store.putIfAbsent("a", bytes("x"));
  await store.get("a");
  const counted = [...metrics.read().values()];
  expect(counted.reduce((sum, { calls }) => sum + calls, 0)).toBe(
    2 + counted.reduce((sum, { retries }) => sum + retries, 0),
  );
  expect(counted.map(({ failures, retries }) => failures - retries)).toEqual([0, 0]);
  expect(counted.some(({ retries }) => retries > 0)).toBe(true);
});

test("a recorded store names its steps in order and may end the world before or after each", async () => {
  await using folder = await temporaryFolder();
  const work = async (store: ObjectStore): Promise<void> => {
    await using staged = await store.stage("packs/a");
    await staged.write([bytes("x")]);
    await staged.publish();
    await store.remove("packs/a");
  };
  const { store: whole, steps } = recordingStore(new DirectoryObjectStore(folder.path));
  await work(whole);
  expect(steps.map(({ verb, name }) => `${verb} ${name}`)).toEqual([
    "stage packs/a",
    "write packs/a",
    "publish packs/a",
    "remove packs/a",
    "discard packs/a",
  ]);
  for (const [moment, left] of [
    ["before", []],
    ["after", ["packs/a"]],
  ] as const) {
    const { store } = recordingStore(new DirectoryObjectStore(folder.path), (step, now) => {
      if (step.verb === "publish" && now === moment) throw new Error("the world ends");
    });
    await expect(work(store)).rejects.toThrow("the world ends");
    expect(await Array.fromAsync(store.list("packs"))).toEqual(left);
    await store.remove("packs/a");
  }
});

test("faults are what they are called: torn, full, short, flipped, hidden, lost", async () => {
  await using inner = await openDirectory();
  let fault: Fault;
  const store = faultyStore(inner, { decide: () => fault, isHidden: (name) => name.endsWith("hidden") });
  await store.putIfAbsent("a/b", bytes("abcd"));
  await store.putIfAbsent("a/hidden", bytes("abcd"));
  expect(await Array.fromAsync(store.list("a"))).toEqual(["a/b"]);
  fault = "short";
  expect(textOf(await store.get("a/b"))).toBe("ab");
  fault = "flipped";
  expect(textOf(await store.getRange("a/b", { offset: 0, length: 4 }))).toBe("abbd");
  fault = "full";
  expect(await codeOf(store.stage("c"))).toBe("REPOSITORY_FULL");
  fault = "unreachable";
  expect(await codeOf(Array.fromAsync(store.list("a")))).toBe("STORE_UNREACHABLE");
  fault = "lost";
  expect(await codeOf(store.remove("a/b"))).toBe("STORE_UNREACHABLE");
  expect(await codeOf(inner.get("a/b"))).toBe("NOT_FOUND");
  fault = undefined;
  await using staged = await store.stage("d");
  fault = "torn";
  expect(await codeOf(staged.write([bytes("abcd")]))).toBe("IO_FAILED");
});
