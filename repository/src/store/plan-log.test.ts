import { systemClock as clock } from "@holdfast/shared/clock/clock";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { describe, expect, it } from "vitest";
import { planName } from "./object-names.ts";
import type { Published } from "./object-store.ts";
import { PlanLog } from "./plan-log.ts";
import { MemoryObjectStore } from "./testing/memory-object-store.ts";

const repositoryId = parseRepositoryId("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0");
const pack = (sequence: number) => ({ epoch: 1, sequence });

const readLog = (objects: MemoryObjectStore, owner = true): Promise<PlanLog> =>
  PlanLog.read({ objects, repositoryId, owner });

const countPlans = async (objects: MemoryObjectStore): Promise<number> =>
  (await Array.fromAsync(objects.list("plans"))).length;

/** Writes what it is told to, and then says that it failed, once. */
class DoubtfulStore extends MemoryObjectStore {
  isDoubtful = false;

  override async putIfAbsent(name: string, bytes: Uint8Array): Promise<Published> {
    const published = await super.putIfAbsent(name, bytes);
    if (!this.isDoubtful) return published;
    this.isDoubtful = false;
    throw new Error("the answer was lost");
  }
}

describe("the log of plans", () => {
  it("says what is condemned, to everybody who reads it", async () => {
    const objects = new MemoryObjectStore();
    const log = await readLog(objects);
    await log.close({ epoch: 1, clock });
    const plan = await log.write({ epoch: 1, clock }, { packs: [pack(3), pack(1)], points: ["b", "a"] });
    expect(plan).toMatchObject({ number: 2, packs: ["0000000100000001", "0000000100000003"], points: ["a", "b"] });
    const reader = await readLog(objects, false);
    expect([pack(1), pack(2), pack(3)].map((key) => reader.condemned.packs.has(key))).toEqual([true, false, true]);
    expect([reader.condemned.hasPoint("a"), reader.condemned.hasPoint("c")]).toEqual([true, false]);
    expect(reader.unfinished).toHaveLength(2);
    log.setFinished();
    await log.write({ epoch: 1, clock }, { packs: [pack(4)], points: [] });
    expect((await readLog(objects)).unfinished).toMatchObject([{ number: 3 }]);
  });

  it("honours what a former owner adds before it is closed, and lets that owner add nothing after it", async () => {
    const objects = new MemoryObjectStore();
    const former = await readLog(objects);
    await former.close({ epoch: 1, clock });
    const next = await readLog(objects);
    await former.write({ epoch: 1, clock }, { packs: [pack(1)], points: [] });
    await next.close({ epoch: 2, clock });
    expect(next.condemned.packs.has(pack(1))).toBe(true);
    const late = former.write({ epoch: 1, clock }, { packs: [pack(2)], points: [] });
    await expect(late).rejects.toMatchObject({ code: "REPOSITORY_NOT_OWNED" });
    expect((await readLog(objects)).condemned.packs.has(pack(2))).toBe(false);
  });

  it("a former owner cannot add a plan once a later one closed the log, wherever it stood", async () => {
    const objects = new MemoryObjectStore();
    await (await readLog(objects)).close({ epoch: 2, clock });
    // It took epoch 1 long ago and reads only now.
    const former = await readLog(objects);
    const closing = former.close({ epoch: 1, clock });
    await expect(closing).rejects.toMatchObject({ code: "REPOSITORY_NOT_OWNED" });
    expect(await countPlans(objects)).toBe(1);
  });

  it("goes on after a plan of which nobody knew whether it was written", async () => {
    const objects = new DoubtfulStore();
    const log = await readLog(objects);
    await log.close({ epoch: 1, clock });
    objects.isDoubtful = true;
    await expect(log.write({ epoch: 1, clock }, { packs: [pack(1)], points: [] })).rejects.toThrow("lost");
    expect(await log.write({ epoch: 1, clock }, { packs: [pack(2)], points: [] })).toMatchObject({ number: 3 });
    expect(log.condemned.packs.has(pack(1))).toBe(true);
  });

  it("is refused by an owner when a plan that may not be done with is damaged; a reader goes on", async () => {
    const objects = new MemoryObjectStore();
    const log = await readLog(objects);
    await log.close({ epoch: 1, clock });
    await log.write({ epoch: 1, clock }, { packs: [pack(1)], points: [] });
    await objects.remove(planName(2));
    await objects.putIfAbsent(planName(2), Buffer.from("no plan"));
    await expect(readLog(objects)).rejects.toMatchObject({ code: "REPOSITORY_DAMAGED" });
    expect((await readLog(objects, false)).condemned.packs.size).toBe(0);
    log.setFinished();
    await log.write({ epoch: 1, clock }, { packs: [], points: [] });
    expect((await readLog(objects)).unfinished).toMatchObject([{ number: 3 }]);
  });
});
