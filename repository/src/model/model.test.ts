import { describe, expect, it } from "vitest";
import type { Attempt } from "../store/task-facts.ts";
import { type Exploration, explore } from "./explore.ts";
import { violationOf } from "./invariants.ts";
import { protocolRules, type Rules } from "./rules.ts";
import { stepsOf } from "./steps.ts";
import { emptyWorld, keyOfWorld } from "./world.ts";

const first: Attempt = { number: 1, attemptId: "a" };
const twin: Attempt = { number: 1, attemptId: "b" };
const second: Attempt = { number: 2, attemptId: "a" };

interface Bounds {
  readonly owners: number;
  readonly attempts: readonly Attempt[];
}

const oneOwner: Bounds = { owners: 1, attempts: [first, twin, second] };
const twoOwners: Bounds = { owners: 2, attempts: [first, second] };
const threeOwners: Bounds = { owners: 3, attempts: [first] };
/** Three owners take as long as everything else: all of their states in the long runs, the harm of a missing rule always. */
const explored = process.env["HOLDFAST_SOAK"] === "1" ? [oneOwner, twoOwners, threeOwners] : [oneOwner, twoOwners];

/** Every rule, with the smallest bounds in which its absence does harm. */
const harmIn: Record<keyof Rules, Bounds> = {
  commitWaitsForPacks: oneOwner,
  indexNamesOnlyDurable: twoOwners,
  uploadsEndWithTheirPack: oneOwner,
  listsEpochsBeforeAcknowledging: twoOwners,
  looksAfterTakingItsEpoch: twoOwners,
  adoptsAtStart: twoOwners,
  fencesStopCommits: oneOwner,
  fenceIsDurable: twoOwners,
  looksBeforeFencing: twoOwners,
  factsOfOwnEpoch: threeOwners,
  staleFactsDoNotCount: threeOwners,
};

const exploreWith = (broken: Partial<Rules>, { attempts, owners }: Bounds): Exploration =>
  explore({
    initial: emptyWorld(attempts, owners),
    next: stepsOf({ ...protocolRules, ...broken }),
    violation: violationOf,
    keyOf: keyOfWorld,
  });

/** Seconds on an idle machine; the deadline is for a crowded one. */
const deadline = { timeout: 180_000 };

describe("the model of uploads, fences, commits, crashes and owners", () => {
  it.each(explored)("keeps every promise in every state with $owners owners", deadline, (bounds) => {
    const found = exploreWith({}, bounds);
    expect(found).toEqual({ kind: "sound", states: found.states });
    expect(found.states).toBeGreaterThan(100);
  });

  it.each(Object.keys(protocolRules) as (keyof Rules)[])(
    "finds the harm of a protocol without %s",
    deadline,
    (rule) => {
      expect(exploreWith({ [rule]: false }, harmIn[rule])).toMatchObject({ kind: "broken" });
    },
  );
});
