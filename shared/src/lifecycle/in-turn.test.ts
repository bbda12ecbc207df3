import { expect, test } from "vitest";
import { inTurn } from "./in-turn.ts";

test("work is done in turn, also after one that failed", async () => {
  const next = inTurn();
  const seen: string[] = [];
  const slow = Promise.withResolvers<void>();
  const first = next(async () => {
    await slow.promise;
    seen.push("first");
    throw new Error("its own");
  });
  const second = next(async () => {
    seen.push("second");
    return seen.length;
  });
  slow.resolve();
  await expect(first).rejects.toThrow("its own");
  expect(await second).toBe(2);
  expect(seen).toEqual(["first", "second"]);
});
