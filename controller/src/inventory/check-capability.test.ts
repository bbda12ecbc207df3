import { expect, test } from "vitest";
import { checkCapability } from "./check-capability.ts";

const cluster = (name: string, minor: number) => ({ name, level: { major: 4, minor } });

test("an engine that is too old fails, with both versions", () => {
  const [only, ...more] = checkCapability("4.3.10", [cluster("a", 3)]);
  expect(only).toMatchObject({ name: "engine version", passed: false });
  expect(only?.message).toMatch(/^ENGINE_NOT_SUPPORTED: .*4\.3\.10.*4\.4 or newer/);
  expect(more).toStrictEqual([]);
});

test("clusters whose level can do less are named with what they cannot", () => {
  expect(checkCapability("4.5.6", [cluster("new", 7), cluster("five", 5)])).toMatchObject([
    { passed: true, message: "4.5.6 is supported" },
    { passed: true, message: "changes are tracked in all clusters" },
  ]);
  const [, levels] = checkCapability("4.4.10", [cluster("new", 6), cluster("old", 4), cluster("older", 2)]);
  expect(levels?.message).toBe(
    "old (4.4): no change tracking below 4.5, every backup reads all; VMs that are down are read from snapshots; older (4.2): no backup API below 4.3, VMs are read from snapshots",
  );
});
