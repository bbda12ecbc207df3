import { expect, test } from "vitest";

import { parseLevel } from "../model/inventory.ts";
import { captureKindOf, supportsCheckpoints } from "./capture-kind.ts";

const kind = (level: string, status: "up" | "down", changes: { legacy?: boolean; knowsHybrid?: boolean } = {}) =>
  captureKindOf({ level: parseLevel(level), status, legacy: false, knowsHybrid: true, ...changes });

test("a VM is captured by a hybrid backup from level 4.7 on, unless the client or an old engine says otherwise", () => {
  expect(["4.3", "4.5", "4.6", "4.7", "4.8"].map((level) => kind(level, "up"))).toEqual([
    "live",
    "live",
    "live",
    "hybrid",
    "hybrid",
  ]);
  expect([kind("4.6", "down"), kind("4.8", "down")]).toEqual(["cold", "hybrid"]);
  expect([kind("4.8", "up", { legacy: true }), kind("4.8", "down", { legacy: true })]).toEqual(["live", "cold"]);
  expect(kind("4.8", "up", { knowsHybrid: false })).toBe("live");
});

test("checkpoints are kept from level 4.5 on, or from the level that the engine's settings name", () => {
  expect([supportsCheckpoints(parseLevel("4.4"), "4.4"), supportsCheckpoints(parseLevel("4.3"), "4.4")]).toEqual([
    true,
    false,
  ]);
  expect(["4.3", "4.4", "4.5", "4.8"].map((level) => supportsCheckpoints(parseLevel(level)))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
