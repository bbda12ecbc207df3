import { describe, expect, it } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { ByteBudget, mapBounded, Semaphore } from "./bounded.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("ByteBudget", () => {
  it("serves takers in order, so that a large one is not starved by small ones", async () => {
    const budget = new ByteBudget(10);
    const order: string[] = [];
    const first = await budget.take(6);
    const large = budget.take(8).then((taken) => (order.push("large"), taken));
    const small = budget.take(1).then((taken) => (order.push("small"), taken));

    await turn();
    expect(order).toEqual([]);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    (await large)[Symbol.dispose]();
    (await small)[Symbol.dispose]();

    expect(order).toEqual(["large", "small"]);
    expect(budget.freeBytes).toBe(10);
  });

  it("lets a taker give up, and the next one pass", async () => {
    const budget = new ByteBudget(4);
    const held = await budget.take(3);
    const controller = new AbortController();
    const waiting = budget.take(4, controller.signal);
    const next = budget.take(1);

    controller.abort(new HoldfastError("CANCELLED", "enough"));

    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    (await next)[Symbol.dispose]();
    held[Symbol.dispose]();
    expect(budget.freeBytes).toBe(4);
    await expect(budget.take(1, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
    expect(budget.freeBytes).toBe(4);
  });

  it("refuses what it could never give", async () => {
    await expect(new ByteBudget(4).take(5)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("Semaphore", () => {
  it("hands out as many permits as it has", async () => {
    const semaphore = new Semaphore(1);
    const held = await semaphore.acquire();
    const waiting = semaphore.acquire();

    expect(semaphore.waiting).toBe(1);
    held[Symbol.dispose]();
    (await waiting)[Symbol.dispose]();
    expect(semaphore.free).toBe(1);
  });
});

describe("mapBounded", () => {
  it("keeps the order of the items and the limit", async () => {
    const load = { now: 0, most: 0 };
    const results = await mapBounded([5, 1, 3, 2, 4], 2, async (item) => {
      load.now += 1;
      load.most = Math.max(load.most, load.now);
      for (let turns = 0; turns < item; turns += 1) await turn();
      load.now -= 1;
      return item * 10;
    });

    expect(results).toEqual([50, 10, 30, 20, 40]);
    expect(load.most).toBe(2);
  });

  it("stops the others at the first failure and starts no more", async () => {
    const started: number[] = [];
    const mapping = mapBounded([1, 2, 3, 4], 2, async (item, signal) => {
      started.push(item);
      if (item === 1) throw new Error("broken");
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });

    await expect(mapping).rejects.toThrow("broken");
    expect(started).toEqual([1, 2]);
  });

  it("gathers failures that do not follow from each other", async () => {
    const mapping = mapBounded([1, 2], 2, async (item) => {
      await turn();
      throw new Error(`broken ${item}`);
    });

    await expect(mapping).rejects.toMatchObject({ errors: [{ message: "broken 1" }, { message: "broken 2" }] });
  });

  it("ends with the signal's reason", async () => {
    const signal = AbortSignal.abort(new HoldfastError("CANCELLED", "enough"));

    await expect(mapBounded([1], 1, async () => 1, signal)).rejects.toThrow("enough");
  });
});
