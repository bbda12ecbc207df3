import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createFakeClock, type FakeClock } from "@holdfast/shared/clock/fake-clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { describe, expect, it } from "vitest";
import { Catalog } from "../catalog/catalog.ts";
import { KnownDamage } from "../catalog/known-damage.ts";
import { openRepositoryStore } from "../store/open-repository-store.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleOptions,
  temporaryFolder,
} from "../store/testing/sample-repository.ts";
import { coveredDays, dayMs, type JudgedPack } from "./due-packs.ts";
import { keepVerified } from "./keep-verified.ts";
import { VerifiedPacks } from "./verified-packs.ts";
import { Verification } from "./verification.ts";

interface Bench extends AsyncDisposable {
  readonly store: RepositoryStore;
  readonly clock: FakeClock;
  readonly log: ReturnType<typeof memoryLogger>;
  /** One more point, in packs of its own. */
  readonly backUp: () => Promise<void>;
  /** A verification over the store, or over one that fails. */
  readonly verification: (store?: RepositoryStore) => Promise<Verification>;
}

const openBench = async (): Promise<Bench> => {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder());
  const directory = join(folder.path, "r");
  const clock = createFakeClock();
  await createSample(directory);
  const options = { ...sampleOptions(join(folder.path, "index")), clock, threads: inlineThreads };
  const store = opening.use(await openRepositoryStore(directory, options));
  const log = memoryLogger();
  const owned = opening.move();
  let points = 0;
  return {
    store,
    clock,
    log,
    backUp: async () => {
      points += 1;
      await commitSample(store, { attempt: sampleAttempt(`t${points}`), seeds: [2 * points, 2 * points + 1] });
    },
    verification: async (of = store) => {
      const catalog = await Catalog.load(store);
      const damage = await KnownDamage.load(store, catalog);
      const packs = await VerifiedPacks.load(store.verified);
      return new Verification({ store: of, catalog, damage, packs, clock, log, slots: { taken: 0 } });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** The same store, but what is asked of it goes by way of `intercept` first. */
const withReads = (store: RepositoryStore, intercept: (sequence: number) => void): RepositoryStore =>
  new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...parameters: unknown[]): unknown => {
        const [pack] = parameters;
        if (name === "openPack") intercept((pack as JudgedPack).sequence);
        return Reflect.apply(value, target, parameters);
      };
    },
  });

const hourMs = dayMs / 24;
const noSignal = new AbortController().signal;

const runAll = async (verification: Verification, budgetBytes = 0) => {
  let last;
  for await (const progress of verification.run(budgetBytes, noSignal)) last = progress;
  return last;
};

describe("a verification", () => {
  it("passes over a pack that cannot be reached, says nothing about it, and reads it next time", async () => {
    await using bench = await openBench();
    for (let point = 0; point < 3; point += 1) await bench.backUp();
    const verification = await bench.verification(
      withReads(bench.store, (sequence) => {
        if (sequence === 3) throw new HoldfastError("IO_FAILED", "the disk does not answer");
      }),
    );
    expect(await runAll(verification)).toMatchObject({
      packsDone: 6,
      packsUnreachable: 1,
      recordsDamaged: 0,
      recordsMissing: 0,
    });
    const { readBytes, freshBytes } = await verification.coverage();
    expect(readBytes).toBeGreaterThan(0);
    expect(freshBytes).toBeGreaterThan(0);
    expect(await bench.store.quarantinedIds()).toEqual([]);
    expect(await runAll(await bench.verification(), 1)).toMatchObject({ packsDone: 1, packsUnreachable: 0 });
    expect((await (await bench.verification()).coverage()).freshBytes).toBe(0);
  });

  it("gives up when nothing can be reached, and what was read by then counts", async () => {
    await using bench = await openBench();
    for (let point = 0; point < 6; point += 1) await bench.backUp();
    const verification = await bench.verification(
      withReads(bench.store, (sequence) => {
        if (sequence > 2) throw new HoldfastError("IO_FAILED", "the disk does not answer");
      }),
    );
    await expect(runAll(verification)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect((await (await bench.verification()).coverage()).readBytes).toBeGreaterThan(0);
  });

  it("ends when its caller cancels it, and goes on behind what it read", async () => {
    await using bench = await openBench();
    for (let point = 0; point < 3; point += 1) await bench.backUp();
    const verification = await bench.verification();
    const stop = new AbortController();
    const reading = async (): Promise<void> => {
      for await (const { packsDone } of verification.run(0, stop.signal)) {
        if (packsDone === 2) stop.abort(new HoldfastError("CANCELLED", "enough"));
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: "CANCELLED" });
    const seen: number[] = [];
    const next = await bench.verification(withReads(bench.store, (sequence) => seen.push(sequence)));
    await bench.clock.advance(1);
    await runAll(next);
    expect(seen).toEqual([3, 4, 5, 6, 1, 2]);
  });
});

describe("a server that verifies by itself", () => {
  it("reads every pack back within 30 days, while the repository grows, and says so", async () => {
    await using bench = await openBench();
    for (let point = 0; point < 12; point += 1) await bench.backUp();
    const { clock, log } = bench;
    const verification = await bench.verification();
    const waits = async (): Promise<void> => {
      while (clock.waiting === 0) await setImmediate();
    };
    {
      await using _keeping = keepVerified({ verification, clock, log, withinDays: 25 });
      await waits();
      for (let hour = 3; hour <= 31 * 24; hour += 3) {
        if (hour % (10 * 24) === 0) await bench.backUp();
        await clock.advance(3 * hourMs);
        await waits();
        if (hour % 24 > 0) continue;
        expect(await verification.coverage()).toMatchObject({ overdueBytes: 0 });
        if (hour === 30 * 24) expect((await coverageOf(verification)).readShare).toBeGreaterThan(0.8);
      }
    }
    expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
    // A server that reads nothing any more is late after 30 days.
    await clock.advance((coveredDays + 1) * dayMs);
    expect((await verification.coverage()).overdueBytes).toBeGreaterThan(0);
  });

  it("reads nothing when it is told not to", async () => {
    await using bench = await openBench();
    await bench.backUp();
    const verification = await bench.verification();
    await using _keeping = keepVerified({ ...bench, verification, withinDays: 0 });
    await bench.clock.advance(2 * dayMs);
    expect(await verification.coverage()).toMatchObject({ readBytes: 0 });
  });

  it("merges what it remembers, and loses none of it", async () => {
    await using bench = await openBench();
    await bench.backUp();
    const { store } = bench;
    const present = await store.packs.packs();
    const packs = await VerifiedPacks.load(store.verified);
    for (let round = 1; round <= 40; round += 1)
      await packs.note(present.slice(round % present.length, (round % present.length) + 1), round, present);
    expect((await store.verified.list()).length).toBeLessThan(12);
    const again = await VerifiedPacks.load(store.verified);
    expect(present.map((pack) => again.readMsOf(pack))).toEqual(present.map((pack) => packs.readMsOf(pack)));
    expect(present.map((pack) => again.readMsOf(pack))).toEqual([40, 39]);
  });
});

const coverageOf = async (verification: Verification): Promise<{ readonly readShare: number }> => {
  const { readBytes, freshBytes, overdueBytes } = await verification.coverage();
  return { readShare: readBytes / (readBytes + freshBytes + overdueBytes) };
};
