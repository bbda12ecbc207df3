import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";

import { openTokens } from "./tokens.ts";

test("a token lives as long as it is used, and is gone when it idled too long", async () => {
  const clock = createFakeClock();
  const tokens = openTokens(clock, randomBytes, 1_000);
  const token = tokens.issue("a@b");
  for (let times = 0; times < 3; times++) {
    await clock.advance(900);
    expect(tokens.use(token)).toBe("a@b");
  }
  await clock.advance(1_001);
  expect(tokens.use(token)).toBeUndefined();
  expect(tokens.count()).toBe(0);
});
