import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { fromHex, idAt, idCount } from "@holdfast/shared/format/content-id";
import { expect, test } from "vitest";
import { markRemoved } from "./testing/collecting.ts";
import {
  backUp,
  changeVm,
  dayMs,
  liveBytes,
  makeVms,
  type Nights,
  type NightlyVm,
  openNights,
  storedInPacks,
} from "./testing/nightly-backups.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? 1);

/** Random numbers that the same seed always gives. */
const seeded = (from: number): (() => number) => {
  let state = from >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Seven days, five weeks, and months. */
const isKept = (night: number, today: number): boolean =>
  night > today - 7 || (night % 7 === 0 && night > today - 35) || night % 28 === 0;

const retire = async ({ store, collecting }: Nights, vm: NightlyVm, today: number): Promise<Removed[]> => {
  const outdated = vm.points.filter(({ night }) => !isKept(night, today));
  for (const point of outdated) {
    const { state } = await markRemoved(store, point.pointId, today * dayMs + startMs);
    collecting.catalog.setMarked(point.pointId, state);
    vm.points.splice(vm.points.indexOf(point), 1);
  }
  return outdated.map(({ seeds }) => ({ seeds, night: today }));
};

interface Removed {
  readonly seeds: readonly number[];
  /** When it was removed. */
  readonly night: number;
}

const startMs = 1_700_000_000_000;

/** Every chunk of a point is found, in a pack that is there. */
const expectFound = async ({ store }: Nights, pointId: string): Promise<void> => {
  const point = await store.readPoint(pointId);
  const page = await store.readPage(fromHex(point?.manifest.clear.disks[0]?.root ?? ""));
  for (let index = 0; index < idCount(page.ids); index += 1) {
    expect((await store.readRecord("chunk", idAt(page.ids, index))).byteLength).toBeGreaterThan(0);
  }
};

test("a year of nightly backups of 50 VMs: after day 60 stored ÷ live is at most 1.25 after every collection", async () => {
  const clock = createFakeClock(startMs);
  const random = seeded(seed);
  let lastSeed = 0;
  const nextSeed = (): number => (lastSeed += 1);
  await using nights = await openNights(clock);
  const vms = makeVms(50, nextSeed);
  let removed: Removed[] = [];
  let worst = 0;
  for (let night = 1; night <= 365; night += 1) {
    await clock.advance(dayMs);
    for (const vm of vms) changeVm(vm, random, nextSeed);
    for (let first = 0; first < vms.length; first += 10) {
      await backUp(nights, vms.slice(first, first + 10), { night, nowMs: clock.nowMs() });
    }
    for (const vm of vms) removed.push(...(await retire(nights, vm, night)));
    if (night % 19 !== 0) continue;
    await nights.collecting.collect();
    removed = removed.filter((point) => night - point.night < 3);
    const live = liveBytes([...removed, ...vms.flatMap(({ points }) => points)]);
    const ratio = (await storedInPacks(nights)) / live;
    expect(ratio).toBeGreaterThanOrEqual(1);
    if (night <= 60) continue;
    worst = Math.max(worst, ratio);
    expect(ratio, `night ${night}, seed ${seed}`).toBeLessThanOrEqual(1.25);
  }
  // Without compaction and removal it would be a multiple of that.
  expect(worst).toBeGreaterThan(1.02);
  for (const vm of vms)
    for (const { pointId } of [...vm.points.slice(0, 2), ...vm.points.slice(-1)]) await expectFound(nights, pointId);
}, 600_000);
