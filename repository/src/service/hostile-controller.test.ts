import {
  type PointSummary,
  ProtectPointRequest_Change as Change,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, it } from "vitest";
import { createSettableClock, type SettableClock } from "../testing/settable-clock.ts";
import { fullDisk } from "../testing/synthetic-disk.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const dayMs = 24 * 3_600_000;
const immutabilityDays = 4;
const steps = process.env["HOLDFAST_SOAK"] === "1" ? 3000 : 150;

/** What can happen, and how often. */
const weights = {
  remove: 8,
  undelete: 2,
  protect: 1,
  lift: 2,
  until: 2,
  fence: 1,
  verify: 1,
  confirm: 1,
  pass: 5,
  jump: 3,
  restart: 0.2,
  backup: 2,
} as const;
type Act = keyof typeof weights;

/** A repository whose points are immutable, a clock, and what nobody may have done before its time. */
interface World {
  server: TestServer;
  readonly time: SettableClock;
  readonly random: () => number;
  /** Until when each point must stay, by the clock of the server. */
  readonly locks: Map<string, number>;
  /** By how much a wall clock was ahead that the server was told to believe. */
  believedMs: number;
}

/** The latest that the server may take it to be. */
const latestMs = ({ time, believedMs }: World): number => time.clock.nowMs() - time.offsetMs + believedMs;

const backUp = async (world: World): Promise<void> => {
  const pointId = `p${world.locks.size}`;
  const writer = new TestWriter(world.server.client, world.server.repositoryId);
  const startMs = world.time.clock.nowMs();
  await writer.backup({ taskId: pointId, disks: [fullDisk("disk", 1, 1, testChunkSize)] });
  const { immutableUntilMs } = await summaryOf(world.server, pointId);
  expect(Number(immutableUntilMs)).toBeGreaterThanOrEqual(startMs + immutabilityDays * dayMs);
  world.locks.set(pointId, Number(immutableUntilMs));
};

const summaryOf = async ({ client }: TestServer, pointId: string): Promise<PointSummary> => {
  for await (const { part } of client.getPoint({ pointId })) if (part.case === "point") return part.value;
  throw new Error(`no point ${pointId}`);
};

const restart = async (world: World): Promise<void> => {
  const { folder } = world.server;
  await world.server.server[Symbol.asyncDispose]();
  world.server = await openTestServer(
    { create: false, immutabilityDays },
    { folder, deps: { clock: world.time.clock } },
  );
};

const until = async (world: World, pointId: string, untilMs: number): Promise<void> => {
  await world.server.client.protectPoint({ pointId, change: Change.UNTIL, untilMs: BigInt(untilMs) });
  world.locks.set(pointId, untilMs);
};

/** What a controller can do, and what happens to a machine. Jumps are too large to be followed. */
const doers: Readonly<Record<Act, (world: World, pointId: string) => Promise<unknown>>> = {
  remove: ({ server }, pointId) => server.client.removePoint({ pointId, belowFloor: true, reason: "hostile" }),
  undelete: ({ server }, pointId) => server.client.undeletePoint({ pointId }),
  protect: ({ server }, pointId) => server.client.protectPoint({ pointId, change: Change.FOR_EVER }),
  lift: ({ server }, pointId) => server.client.protectPoint({ pointId, change: Change.LIFTED }),
  until: (world, pointId) => until(world, pointId, world.time.clock.nowMs() + hours(world.random(), -60, 60)),
  fence: ({ server }, pointId) => server.client.fence({ attempt: { taskId: pointId, number: 9, attemptId: "other" } }),
  verify: ({ server }, pointId) => Array.fromAsync(server.client.verifyPoint({ pointId })),
  confirm: async (world) => {
    await world.server.client.confirmClock({});
    world.believedMs = Math.max(world.believedMs, world.time.offsetMs);
  },
  pass: ({ time, random }) => time.pass(hours(random(), 0, 30)),
  jump: async ({ time, random }) => {
    time.jump((random() < 0.5 ? -1 : 1) * hours(random(), 25, 400));
  },
  restart,
  backup: backUp,
};

/** Numbers from 0 to 1 that the same seed always gives. */
const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

const hours = (fraction: number, least: number, most: number): number =>
  Math.round((least + fraction * (most - least)) * 3_600_000);

const draw = (random: () => number): Act => {
  const entries = Object.entries(weights) as [Act, number][];
  let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [act, weight] of entries) {
    left -= weight;
    if (left < 0) return act;
  }
  return "pass";
};

/** Looks at every point; answers how many are removed. */
const look = async (world: World): Promise<number> => {
  let removed = 0;
  for await (const { point } of world.server.client.listPoints({ includeRemoved: true })) {
    if (point === undefined || point.removedMs === 0n) continue;
    removed += 1;
    const lockMs = world.locks.get(point.pointId) ?? 0;
    expect(latestMs(world), `${point.pointId} was removed before its time`).toBeGreaterThanOrEqual(lockMs);
  }
  return removed;
};

it("a hostile controller gets no immutable point removed, whatever it calls, in whatever order, while clocks jump", async () => {
  const seed = 20_260_131;
  const random = seededRandom(seed);
  const time = createSettableClock();
  const first = await openTestServer({ immutabilityDays }, { deps: { clock: time.clock } });
  const world: World = { server: first, time, random, locks: new Map(), believedMs: 0 };
  await using closing = new AsyncDisposableStack();
  closing.use(first);
  closing.defer(() => world.server[Symbol.asyncDispose]());
  for (let count = 0; count < 4; count += 1) await backUp(world);

  const refusals = new Set<string>();
  let removed = 0;
  for (let step = 0; step < steps; step += 1) {
    // New points more often than old ones: these are removed soon.
    const ids = [...world.locks.keys()].slice(random() < 0.7 ? -3 : 0);
    const pointId = ids[Math.floor(random() * ids.length)] ?? "";
    try {
      await doers[draw(random)](world, pointId);
    } catch (caught) {
      if (!(caught instanceof HoldfastError) || caught.code === "INTERNAL") throw caught;
      refusals.add(caught.code);
    }
    removed = await look(world);
  }
  // It means something only if time passed for some points, and not for others.
  expect(removed, `seed ${seed}`).toBeGreaterThan(0);
  expect([...refusals]).toEqual(expect.arrayContaining(["POINT_IMMUTABLE"]));
});
