import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, it } from "vitest";
import { configurationFindings } from "./configuration-findings.ts";
import { whyDue, type ConfigurationStanding } from "./configuration-keeper.ts";

const hour = 3_600_000;
const nowMs = Date.UTC(2026, 5, 15, 12);
const standing = (parts: Partial<ConfigurationStanding>): ConfigurationStanding => ({
  repositoryId: "r",
  name: "main",
  kept: { number: 4, createdMs: nowMs - hour, digest: "d" },
  isCurrent: true,
  problem: undefined,
  sinceMs: nowMs - 10 * hour,
  ...parts,
});
const look = (parts: Partial<ConfigurationStanding>) => configurationFindings(true, [standing(parts)], nowMs)[0];

it("a backup of the installation is well for 48 hours, then a warning with the reason", () => {
  expect(look({})).toMatchObject({ state: "ok", message: "number 4, 1 hours old" });
  const old = { number: 4, createdMs: nowMs - 49 * hour, digest: "d" };
  const problem = new HoldfastError("REPOSITORY_FULL", "no room");
  expect(look({ kept: old, problem })).toMatchObject({
    state: "warning",
    message: "number 4 is 49 hours old: no room",
  });
});

it("that there is none yet is no warning for five minutes, and that there is no kit always is", () => {
  expect(look({ kept: undefined, sinceMs: nowMs - 60_000 })).toMatchObject({ state: "ok" });
  expect(look({ kept: undefined })).toMatchObject({ state: "warning", message: "there is none" });
  expect(configurationFindings(false, [], nowMs)).toMatchObject([{ state: "warning", kind: "configuration" }]);
});

it("a backup is due at once, after each change, and once a night of the installation's zone", () => {
  const kept = { number: 1, digest: "d", createdMs: Date.UTC(2026, 5, 14, 21, 59) };
  const at = (now: number, digest = "d") => whyDue(kept, { digest, nowMs: now, timeZone: "Europe/Berlin" });
  expect(whyDue(undefined, { digest: "d", nowMs, timeZone: "UTC" })).toBe("first");
  expect(at(kept.createdMs + 30_000)).toBeUndefined();
  expect(at(kept.createdMs + 30_000, "e")).toBe("change");
  expect(at(Date.UTC(2026, 5, 14, 22, 1))).toBe("night");
});
