import { describe, expect, it } from "vitest";
import {
  type PlacementCase,
  agents,
  both,
  expectPlaced,
  far,
  near,
  own,
  upAt,
  workers,
} from "../testing/placement-case.ts";
import { testPlacedAgent, testPlacedWorker, testPlacementTask } from "../testing/test-fleet.ts";
import { type PlacementPast, place, wordsFor } from "./place.ts";
import type { PlacementTask } from "./placement-task.ts";
import type { PlacementLevel } from "./placement.ts";

const agent = testPlacedAgent;
const worker = testPlacedWorker;
const busy = { busy: 1 };
const waited = (...levels: readonly PlacementLevel[]): PlacementPast => ({ waitedOut: new Set(levels), offeredMs: 0 });
const restore: Partial<PlacementTask> = { isRestore: true };
const onH1: Partial<PlacementTask> = { hostNames: ["h1", "10.0.0.1"] };

const waitLimits: readonly PlacementCase[] = [
  {
    name: "goes on to the next level after the wait limit, with a warning that says so",
    fleet: agents(agent("a", own, busy), agent("b", near)),
    past: waited("own-cluster"),
    expected: "free other-cluster b",
    words:
      "agent of another cluster of manager one: " +
      "all agents of the VM's cluster alpha stayed busy for longer than the wait limit (a)",
    warnings: [
      "WAIT_LIMIT_PASSED all agents of the VM's cluster alpha stayed busy for longer than the wait limit (a): " +
        "the task went to another cluster of manager one",
    ],
  },
  {
    name: "takes the own cluster after the wait limit when it has room by then, without a warning",
    fleet: agents(agent("a", own), agent("b", near)),
    past: waited("own-cluster"),
    expected: "free own-cluster a",
    warnings: [],
  },
  {
    name: "waits at the next level when that is busy too",
    fleet: agents(agent("a", own, busy), agent("b", near, busy), agent("c", far)),
    past: waited("own-cluster"),
    expected: "busy other-cluster b",
  },
  {
    name: "goes on to another manager when two levels were waited for",
    fleet: agents(agent("a", own, busy), agent("b", near, busy), agent("c", far)),
    past: waited("own-cluster", "other-cluster"),
    expected: "free other-manager c",
  },
  {
    name: "goes on waiting for the own cluster when nobody is further on",
    fleet: agents(agent("a", own, busy)),
    past: waited("own-cluster"),
    expected: "busy own-cluster a",
  },
  {
    name: "launches a worker further on after the wait limit",
    fleet: both(agents(agent("a", own, busy)), workers(worker("w2", near))),
    past: waited("own-cluster"),
    expected: "launch other-cluster w2",
  },
];

const restores: readonly PlacementCase[] = [
  {
    name: "takes an agent of the target cluster for a restore",
    fleet: agents(agent("a", own), agent("b", near)),
    task: restore,
    expected: "free own-cluster a",
    words: "agent of the target cluster alpha",
  },
  {
    name: "goes to another cluster of the manager for a restore when the target's has nobody",
    fleet: agents(agent("b", near), agent("c", far)),
    task: restore,
    expected: "free other-cluster b",
    words: "agent of another cluster of manager one: the target cluster alpha has no agent",
  },
  {
    name: "never goes to another manager for a restore",
    fleet: both(agents(agent("c", far)), workers(worker("w", far))),
    task: restore,
    expected: "nobody",
    words:
      "the target cluster alpha has no agent; another cluster of manager one has no agent; " +
      "a restore goes to no other manager's agents",
  },
  {
    name: "launches a worker of the target cluster for a restore",
    fleet: workers(worker("w", own)),
    task: restore,
    expected: "launch own-cluster w",
  },
  {
    name: "waits for ever at its last level when a restore has waited for both",
    fleet: agents(agent("a", own, busy), agent("b", near, busy), agent("c", far)),
    task: restore,
    past: waited("own-cluster", "other-cluster"),
    expected: "busy own-cluster a",
  },
];

describe.each([
  ["wait limits", waitLimits],
  ["restores", restores],
])("place: %s", (_title, cases) => {
  it.each(cases)("$name", (one) => {
    expectPlaced(one);
  });
});

describe("wordsFor", () => {
  it("tells an agent on the VM's host from the others, and a worker from an agent", () => {
    const task = testPlacementTask(onH1);
    const fleet = both(agents(agent("there", near, { hostName: "10.0.0.1" })), upAt("w1", near));
    const placement = place(task, fleet, { waitedOut: new Set(), offeredMs: 10_000 });
    const why = "another cluster of manager one";
    expect(wordsFor(task, placement, "there")).toBe(
      `agent of ${why}, on the VM's host h1: the VM's cluster alpha has no agent`,
    );
    expect(wordsFor(task, placement, "ww1")).toBe(`worker of ${why}: the VM's cluster alpha has no agent`);
  });
});
