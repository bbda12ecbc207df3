import { expect, test } from "vitest";
import { asTheyCome } from "./as-they-come.ts";

test("results come as they are there, and no more works run at once than allowed", async () => {
  const gates = [0, 1, 2].map(() => Promise.withResolvers<number>());
  const started: number[] = [];
  const works = gates.map(({ promise }, index) => () => {
    started.push(index);
    return promise;
  });
  const results = asTheyCome(works, 2);
  const first = results.next();
  expect(started).toEqual([0, 1]);
  gates[1]?.resolve(1);
  expect(await first).toEqual({ done: false, value: 1 });
  const second = results.next();
  gates[2]?.resolve(2);
  expect(await second).toEqual({ done: false, value: 2 });
  gates[0]?.resolve(0);
  expect(await results.next()).toEqual({ done: false, value: 0 });
  expect(await results.next()).toMatchObject({ done: true });
});

test("a failure is thrown, and those left behind fail in silence", async () => {
  const results = asTheyCome([() => Promise.reject(new Error("one")), () => Promise.reject(new Error("two"))], 2);
  await expect(results.next()).rejects.toThrow("one");
  expect(await results.next()).toMatchObject({ done: true });
});

test("no works are no results", async () => {
  expect(await Array.fromAsync(asTheyCome([], 2))).toEqual([]);
});
