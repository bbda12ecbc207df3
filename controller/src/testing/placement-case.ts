import { expect } from "vitest";
import type { Fleet } from "../placement/fleet.ts";
import { type PlacementPast, freshPast, place } from "../placement/place.ts";
import type { AgentHealth, PlacedAgent } from "../placement/placed-agent.ts";
import type { PlacementTask } from "../placement/placement-task.ts";
import { testAgentOf, testFleet, testPlacedWorker, testPlacementTask } from "./test-fleet.ts";

/** One case of the table of placements: a fleet, a task in cluster alpha of manager one, and where it goes. */
export interface PlacementCase {
  readonly name: string;
  readonly fleet: Fleet;
  readonly task?: Partial<PlacementTask>;
  readonly past?: PlacementPast;
  /** Kind, level, then names, best first. */
  readonly expected: string;
  readonly words?: string;
  /** `CODE message` of each. */
  readonly warnings?: readonly string[];
}

/** The task's own cluster. */
export const own = "m1/c1";
/** Another cluster of the task's manager. */
export const near = "m1/c2";
/** A cluster of another manager. */
export const far = "m2/c1";

/** An agent in this state of health. */
export const inState = (health: AgentHealth): Partial<PlacedAgent> => ({ health });

/** A fleet of agents. */
export const agents = (...list: readonly PlacedAgent[]): Fleet => testFleet(list);

/** A fleet of workers. */
export const workers = (...list: Fleet["workers"]): Fleet => testFleet([], list);

/** A worker that is up, with its agent. */
export const upAt = (name: string, where: string, facts: Partial<PlacedAgent> = {}): Fleet => {
  const up = testPlacedWorker(name, where, { state: "up" });
  return testFleet([testAgentOf(up, facts)], [up]);
};

/** Several fleets as one. */
export const both = (...fleets: readonly Fleet[]): Fleet =>
  testFleet(
    fleets.flatMap((fleet) => fleet.agents),
    fleets.flatMap((fleet) => fleet.workers),
  );

/** A fleet of which this much was given out on paper. */
export const given = (fleet: Fleet, counts: Readonly<Record<string, number>>): Fleet => ({
  ...fleet,
  given: new Map(Object.entries(counts)),
});

/** Places the case's task and compares. */
export const expectPlaced = ({
  fleet,
  task = {},
  past = freshPast,
  expected,
  words,
  warnings,
}: PlacementCase): void => {
  const placement = place(testPlacementTask(task), fleet, past);
  expect(shortOf(placement)).toBe(expected);
  expect(placement.words).not.toBe("");
  if (words !== undefined) expect(placement.words).toBe(words);
  if (warnings !== undefined)
    expect(placement.warnings.map(({ code, message }) => `${code} ${message}`)).toStrictEqual(warnings);
  expect(placement.warnings.every(({ level }) => level === "warning")).toBe(true);
};

const shortOf = (placement: ReturnType<typeof place>): string => {
  if (placement.kind === "nobody") return "nobody";
  const named = placement.kind === "launch" ? placement.workers : placement.agents;
  return [placement.kind, placement.level, ...named.map(({ name }) => name)].join(" ");
};
