import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, it } from "vitest";
import { DirectoryObjectStore } from "../store/directory-object-store.ts";
import { takeEpoch } from "../store/epoch.ts";
import { Ownership } from "../store/ownership.ts";
import { noReserve } from "../store/space-reserve.ts";
import { createSample, temporaryFolder } from "../store/testing/sample-repository.ts";
import { createSettableClock } from "../testing/settable-clock.ts";
import { GuardedClock } from "./guarded-clock.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const start = Date.UTC(2026, 0, 31, 12);

/** A repository with nothing in it. */
const openSample = async () => {
  const folder = await temporaryFolder();
  const { repositoryId } = await createSample(join(folder.path, "r"));
  const objects = new DirectoryObjectStore(join(folder.path, "r"));
  return { folder, repositoryId, objects, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
};

/** Owns it, as a server that starts does. */
const own = async ({ objects, repositoryId }: Awaited<ReturnType<typeof openSample>>, clock: Clock) => {
  const { epoch } = await takeEpoch(objects, { repositoryId, owner: "test", clock, random: systemRandom });
  const ownership = new Ownership(objects, epoch);
  return await GuardedClock.open({ objects, repositoryId, ownership, clock, reserve: noReserve });
};

const entries = async (objects: DirectoryObjectStore): Promise<string[]> =>
  (await Array.fromAsync(objects.list("clock"))).toSorted();

it("keeps a suspension through restarts until it is confirmed, durably", async () => {
  await using sample = await openSample();
  const { clock, pass, jump } = createSettableClock(start);
  const first = await own(sample, clock);
  expect(first.deletionAllowed()).toEqual({ allowed: true, why: "" });

  jump(400 * dayMs);
  expect(first.deletionAllowed().allowed).toBe(false);
  expect(first.deletionMs()).toBe(start);
  await first.tick();
  jump(-400 * dayMs);
  const second = await own(sample, clock);
  await pass(hourMs);

  expect(second.deletionAllowed().allowed).toBe(false);
  expect(second.deletionMs()).toBe(start);
  await second.confirm();
  expect(second.deletionAllowed().allowed).toBe(true);
  const third = await own(sample, clock);
  expect(third.deletionAllowed().allowed).toBe(true);
  expect(third.deletionMs()).toBe(start + hourMs);
});

it("writes the time down once an hour, so that a start knows for how long the server was off", async () => {
  await using sample = await openSample();
  const { clock, pass } = createSettableClock(start);
  const first = await own(sample, clock);
  for (let minutes = 0; minutes < 30 * 60; minutes += 20) {
    await pass(20 * 60_000);
    await first.tick();
  }
  expect(await entries(sample.objects)).toEqual(Array.from({ length: 9 }, (_, index) => `clock/${hex8(23 + index)}`));

  await pass(dayMs);
  expect((await own(sample, clock)).deletionAllowed().allowed).toBe(true);
  await pass(dayMs + 1);
  const late = await own(sample, clock);
  expect(late.deletionAllowed()).toMatchObject({ allowed: false, why: expect.stringContaining("24 h of uptime") });
  await pass(dayMs);
  expect(late.deletionAllowed().allowed).toBe(true);
});

it("believes nothing that a former owner writes after it lost the repository", async () => {
  await using sample = await openSample();
  const { clock, jump } = createSettableClock(start);
  const former = await own(sample, clock);
  const present = await own(sample, clock);
  jump(50 * dayMs);
  await present.tick();

  await expect(former.confirm()).rejects.toMatchObject({ code: "REPOSITORY_NOT_OWNED" });
  const next = await own(sample, clock);

  expect(next.deletionAllowed().allowed).toBe(false);
});

it("suspends deletion when the newest entry is damaged, and goes on once that is confirmed", async () => {
  await using sample = await openSample();
  const { clock } = createSettableClock(start);
  await own(sample, clock);
  await writeFile(join(sample.folder.path, "r", "clock", hex8(2)), "torn");

  const next = await own(sample, clock);

  expect(next.deletionAllowed()).toMatchObject({ allowed: false, why: expect.stringContaining("damaged") });
  await next.confirm();
  expect((await own(sample, clock)).deletionAllowed().allowed).toBe(true);
});

const hex8 = (number: number): string => number.toString(16).padStart(8, "0");
