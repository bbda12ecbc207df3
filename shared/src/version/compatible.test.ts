import { expect, it } from "vitest";
import { assertCompatible, isCompatible } from "./compatible.ts";

it("versions work together when their major version is the same and their minor ones are at most one apart", () => {
  for (const [one, other] of [
    ["0.1.0", "0.1.9"],
    ["0.1.0", "0.2.0"],
    ["3.8.1", "3.7.44"],
    ["1.2.3-rc.1", "1.3.0"],
  ] as const) {
    expect(isCompatible(one, other), `${one} ${other}`).toBe(true);
    expect(isCompatible(other, one), `${other} ${one}`).toBe(true);
  }
  for (const [one, other] of [
    ["0.1.0", "0.3.0"],
    ["1.0.0", "2.0.0"],
    ["", "0.1.0"],
    ["dev", "0.1.0"],
  ] as const)
    expect(isCompatible(one, other), `${one} ${other}`).toBe(false);
});

it("a refusal names both versions", () => {
  expect(() => assertCompatible("agent east-1", "0.9.0", "0.1.0")).toThrow(
    expect.objectContaining({
      code: "VERSION_UNSUPPORTED",
      message: expect.stringMatching(/east-1.*0\.9\.0.*0\.1\.0/),
    }),
  );
});
