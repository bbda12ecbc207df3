import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { describe, expect, it } from "vitest";
import { createUnreachableGuard } from "./unreachable-guard.ts";

describe("a repository that cannot be reached", () => {
  const record = { repositoryId: "r", name: "main", address: "127.0.0.1:1" };

  it("is asked again only after a rest, and says who it is meanwhile", async () => {
    let nowMs = 0;
    let asked = 0;
    const guard = createUnreachableGuard(record, { ...systemClock, monotonicMs: () => nowMs });
    const ask = (): Promise<string> =>
      guard.call(() => {
        asked += 1;
        return asked < 2 ? Promise.reject(new HoldfastError("UNAVAILABLE", "refused")) : Promise.resolve("here");
      });
    await expect(ask()).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE", details: { address: "127.0.0.1:1" } });
    await expect(ask()).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
    expect(asked).toBe(1);
    nowMs = 2_000;
    expect(await ask()).toBe("here");
  });

  it("is not what a refusal is", async () => {
    const guard = createUnreachableGuard(record, systemClock);
    const refusal = new HoldfastError("BELOW_FLOOR", "no");
    await expect(guard.call(() => Promise.reject(refusal))).rejects.toBe(refusal);
  });
});
