import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { beforeEach, describe, expect, it } from "vitest";
import { freshPast } from "../placement/place.ts";
import type { Placement } from "../placement/placement.ts";
import { testPlacementTask } from "../testing/test-fleet.ts";
import { type Patience, createPatience } from "./patience.ts";
import type { QueueVerdict } from "./queue.ts";
import { forgetWaits, noteWait, pastOf } from "./waits.ts";

let nowMs = 0;
let patience: Patience;
const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };

beforeEach(() => {
  nowMs = 1_000;
  patience = createPatience(clock);
});

const stay = { taskId: "t", queuedMs: 5 };
const explained = { words: "why", warnings: [] };
const busy: Placement = { kind: "busy", level: "own-cluster", agents: [], ...explained };
const free: Placement = { kind: "free", level: "own-cluster", agents: [], onHost: [], because: "", ...explained };
const nobody: Placement = { kind: "nobody", ...explained };

const note = (placement: Placement, standing: QueueVerdict["standing"] = "ready"): number =>
  noteWait(patience, {
    task: {
      ...stay,
      sessionId: "s",
      vmKey: "",
      position: 0,
      restsMs: 0,
      target: testPlacementTask(),
      isCopy: false,
      past: freshPast,
      things: [],
      blockedBy: "",
    },
    place: 1,
    placement,
    standing,
    words: "",
  });

const waitedOut = (limitMs: number, of = stay): readonly string[] => [...pastOf(patience, of, limitMs).waitedOut];

describe("the waits of a task", () => {
  it("count a busy level from the first time that the task had to wait for it", () => {
    note(busy);
    nowMs += 60;
    note(free);
    nowMs += 60;
    expect(waitedOut(100)).toStrictEqual(["own-cluster"]);
    expect(waitedOut(120)).toStrictEqual([]);
  });

  it("never come to a level when there is no wait limit", () => {
    note(busy);
    nowMs += 1e9;
    expect(waitedOut(0)).toStrictEqual([]);
  });

  it("do not begin while a limit or another task of the VM holds it", () => {
    note(busy, "limited");
    note(busy, "held");
    nowMs += 500;
    expect(waitedOut(100)).toStrictEqual([]);
  });

  it("do not begin by being read", () => {
    waitedOut(100);
    nowMs += 500;
    expect(waitedOut(100)).toStrictEqual([]);
  });

  it("count an offer anew after it was taken back", () => {
    note(free);
    nowMs += 300;
    expect(pastOf(patience, stay, 0).offeredMs).toBe(300);
    note(busy);
    note(free);
    expect(pastOf(patience, stay, 0).offeredMs).toBe(0);
  });

  it("tell for how long there has been nobody, without a break", () => {
    expect(note(nobody)).toBe(0);
    nowMs += 40;
    expect(note(nobody)).toBe(40);
    expect(note(busy)).toBe(0);
    expect(note(nobody)).toBe(0);
  });

  it("begin anew with another attempt, and when they are forgotten", () => {
    note(busy);
    nowMs += 500;
    expect(waitedOut(100, { ...stay, queuedMs: 6 })).toStrictEqual([]);
    forgetWaits(patience, stay);
    expect(waitedOut(100)).toStrictEqual([]);
  });
});
