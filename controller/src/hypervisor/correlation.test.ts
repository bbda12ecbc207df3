import { expect, test } from "vitest";
import { correlated, presentCorrelationId, toCorrelationId } from "./correlation.ts";

test("work and all that it awaits speaks in one name, work beside it in its own", async () => {
  const speak = async (): Promise<string | undefined> => {
    await Promise.resolve();
    return presentCorrelationId(true);
  };
  const both = await Promise.all([correlated("hf-one-1", speak), correlated("hf-two-1", speak)]);
  expect(both).toEqual(["hf-one-1", "hf-two-1"]);
  expect(await correlated("hf-outer-1", () => correlated("hf-inner-1", speak))).toBe("hf-inner-1");
});

test("outside of any task what changes something still tells whose it is, and what reads says nothing", () => {
  expect(presentCorrelationId(false)).toBe("hf-controller");
  expect(presentCorrelationId(true)).toBeUndefined();
});

test("an id is what engines keep of it", () => {
  expect(toCorrelationId(`hf-${"x".repeat(60)}`)).toHaveLength(36);
  expect(toCorrelationId("hf-a b/c")).toBe("hf-a-b-c");
});
