import { describe, expect, it } from "vitest";
import { defineStates } from "./transitions.ts";

const lamp = defineStates("lamp", { off: ["on", "broken"], on: ["off", "broken"], broken: [] });

describe("a machine", () => {
  it("moves only as its table says", () => {
    expect(() => lamp.assertMove("off", "on")).not.toThrow();
    expect(() => lamp.assertMove("broken", "on", "l1")).toThrow("lamp l1 may not go from broken to on");
    expect(() => lamp.assertMove("on", "on")).toThrow(expect.objectContaining({ code: "ILLEGAL_TRANSITION" }));
  });

  it("knows its final states and its names", () => {
    expect(lamp.names.filter(lamp.isFinal)).toEqual(["broken"]);
    expect(lamp.parse("on")).toBe("on");
    expect(() => lamp.parse("dim")).toThrow("no state of a lamp: dim");
  });

  it("draws itself", () => {
    expect(lamp.toMermaid().split("\n")).toEqual([
      "stateDiagram-v2",
      "  [*] --> off",
      "  off --> on",
      "  off --> broken",
      "  on --> off",
      "  on --> broken",
      "  broken --> [*]",
    ]);
  });
});
