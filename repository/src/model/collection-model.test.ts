import { describe, expect, it } from "vitest";
import { collectionRules, type CollectionRules } from "./collection-rules.ts";
import type { CollectionBounds } from "./collection-world.ts";
import { exploreCollection } from "./explore-collection.ts";

/** Two owners that collect, and two writers beside a collector that is the former or the later owner. */
const always: readonly CollectionBounds[] = [
  { owners: 2, writers: 1, collections: [1, 1], packs: 1 },
  { owners: 2, writers: 2, collections: [1, 0], packs: 1 },
  { owners: 2, writers: 2, collections: [0, 1], packs: 1 },
];
const long: readonly CollectionBounds[] = [
  { owners: 2, writers: 1, collections: [2, 2], packs: 2 },
  { owners: 3, writers: 1, collections: [1, 1, 0], packs: 1 },
  { owners: 2, writers: 2, collections: [1, 1], packs: 1 },
];
const isSoak = process.env["HOLDFAST_SOAK"] === "1";
const explored = isSoak ? [...always, ...long] : always;

/** What the harm of each missing rule looks like, in bounds that show it; one needs a third owner. */
const harmOf: Record<keyof CollectionRules, RegExp> = {
  marksDieWithTheirOwner: /condemned/,
  commitWaitsForPacks: /condemned|does not find/,
  plansBeforeRemoving: /gone/,
  fencesStopCommits: /fenced attempt/,
  condemnedIsAbsent: /relies on a condemned pack/,
  sparesWhatIsUsedSince: /relies on a condemned pack/,
  commitsHoldTheirUses: /condemned/,
  unknownCommitsHoldTheirUses: /condemned/,
  closesTheLog: /condemned|restored/,
  stopsAtALaterPlan: /restored/,
  looksAfterClosing: /restored|condemned/,
  lateManifestsAreVoid: /condemned/,
  copiesBeforeCondemning: /condemned/,
  indexNamesTheNewest: /condemned/,
  catchUpSkipsCondemned: /condemned/,
};

/** Seconds on an idle machine; the deadline is for a crowded one. */
const deadline = { timeout: isSoak ? 3_600_000 : 600_000 };

describe("the model of collection, with writers, crashes and owners", () => {
  it.each(explored)(
    "always restores a committed point: $owners owners, $writers writers, $collections collections",
    deadline,
    (bounds) => {
      const found = exploreCollection({}, bounds);
      expect(found).toEqual({ kind: "sound", states: found.states });
      expect(found.states).toBeGreaterThan(10_000);
      process.stdout.write(`${JSON.stringify(bounds)}: ${found.states} states\n`);
    },
  );

  it.each(Object.keys(collectionRules) as (keyof CollectionRules)[])("finds the harm without %s", deadline, (rule) => {
    const owners = rule === "looksAfterClosing" ? 3 : 2;
    const broken = { ...(rule === "stopsAtALaterPlan" && { looksAfterClosing: false }), [rule]: false };
    const found = exploreCollection(broken, { owners, writers: 1, collections: [1, 1, 0], packs: 1 });
    expect(found).toMatchObject({ kind: "broken", violation: expect.stringMatching(harmOf[rule]) as string });
  });
});
