import { describe, expect, it } from "vitest";
import { type PlacementCase, agents, expectPlaced, far, given, inState, near, own } from "../testing/placement-case.ts";
import { testPlacedAgent, testPlacementTask } from "../testing/test-fleet.ts";
import { place } from "./place.ts";
import type { PlacedAgent } from "./placed-agent.ts";
import type { PlacementTask } from "./placement-task.ts";

const agent = testPlacedAgent;
const busy = { busy: 1 };
const onH1: Partial<PlacementTask> = { hostNames: ["h1", "10.0.0.1"] };

const levelsOfAgents: readonly PlacementCase[] = [
  {
    name: "takes an agent of the VM's own cluster, though others are free",
    fleet: agents(agent("b", near), agent("a", own), agent("c", far)),
    expected: "free own-cluster a",
    words: "agent of the VM's cluster alpha",
  },
  {
    name: "waits when all agents of the own cluster are busy, though others are free",
    fleet: agents(agent("a", own, busy), agent("b", near), agent("c", "m2/c9")),
    expected: "busy own-cluster a",
    words: "all agents of the VM's cluster alpha are busy (a)",
  },
  {
    name: "falls through to another cluster when the own one has no agent, and says so",
    fleet: agents(agent("b", near), agent("c", far)),
    expected: "free other-cluster b",
    words: "agent of another cluster of manager one: the VM's cluster alpha has no agent",
  },
  {
    name: "falls through when the own cluster's agents are all silent, and names them",
    fleet: agents(agent("a", own, inState("silent")), agent("b", near)),
    expected: "free other-cluster b",
    words: "agent of another cluster of manager one: the VM's cluster alpha has no healthy agent (silent: a)",
  },
  {
    name: "waits for a busy healthy agent beside a silent one",
    fleet: agents(agent("a", own, inState("silent")), agent("a2", own, busy), agent("b", near)),
    expected: "busy own-cluster a2",
  },
  {
    name: "goes to another manager when this one has nobody healthy",
    fleet: agents(agent("a", own, inState("silent")), agent("b", near, inState("silent")), agent("c", far)),
    expected: "free other-manager c",
    words:
      "agent of another manager: the VM's cluster alpha has no healthy agent (silent: a); " +
      "another cluster of manager one has no healthy agent (silent: b)",
  },
  {
    name: "waits for another manager's agents when they are the only ones and busy",
    fleet: agents(agent("c", far, busy)),
    expected: "busy other-manager c",
  },
  { name: "finds nobody when nobody is deployed", fleet: agents(), expected: "nobody" },
  {
    name: "finds nobody when the only agent is silent",
    fleet: agents(agent("a", own, inState("silent"))),
    expected: "nobody",
  },
  {
    name: "finds nobody when the only agent's cluster is not known",
    fleet: agents(agent("u", own, inState("unplaced"))),
    expected: "nobody",
  },
  {
    name: "does not count a draining agent: its level falls through",
    fleet: agents(agent("a", own, inState("draining")), agent("b", near)),
    expected: "free other-cluster b",
    words: "agent of another cluster of manager one: the VM's cluster alpha has no healthy agent (draining: a)",
  },
  {
    name: "leaves a draining agent out beside a healthy one",
    fleet: agents(agent("a", own, inState("draining")), agent("b", own)),
    expected: "free own-cluster b",
  },
  {
    name: "waits for a busy agent beside a draining one",
    fleet: agents(agent("a", own, inState("draining")), agent("b", own, busy), agent("c", near)),
    expected: "busy own-cluster b",
  },
  {
    name: "does not count an agent that does not work for this controller",
    fleet: agents(agent("a", own, inState("refusing")), agent("b", near)),
    expected: "free other-cluster b",
    words: "agent of another cluster of manager one: the VM's cluster alpha has no healthy agent (refusing: a)",
  },
  {
    name: "does not count an agent of an incompatible version",
    fleet: agents(agent("a", own, inState("incompatible")), agent("b", near)),
    expected: "free other-cluster b",
    words: "agent of another cluster of manager one: the VM's cluster alpha has no healthy agent (incompatible: a)",
  },
  {
    name: "names everybody who is passed, by why",
    fleet: agents(
      agent("s", own, inState("silent")),
      agent("d", own, inState("draining")),
      agent("r", own, inState("silent")),
    ),
    expected: "nobody",
    words:
      "the VM's cluster alpha has no healthy agent (silent: r, s; draining: d); " +
      "another cluster of manager one has no agent; another manager has no agent",
  },
  {
    name: "does not take a cluster of the same id on another manager for the own one",
    fleet: agents(agent("c", far), agent("b", near)),
    expected: "free other-cluster b",
  },
];

const preferences: readonly PlacementCase[] = [
  {
    name: "prefers the agent with the most room, then the name",
    fleet: agents(agent("b"), agent("a"), agent("roomy", own, { slots: 4, busy: 1 })),
    expected: "free own-cluster roomy a b",
  },
  {
    name: "counts what was given to an agent on paper as taken",
    fleet: given(agents(agent("a", own, { slots: 3 }), agent("b", own, { slots: 2 })), { a: 2 }),
    expected: "free own-cluster b a",
  },
  {
    name: "is busy when the rest of the room was given on paper",
    fleet: given(agents(agent("a", own, { slots: 3, busy: 1 })), { a: 2 }),
    expected: "busy own-cluster a",
  },
  {
    name: "offers it at first only to the agent on the host that runs the VM",
    fleet: agents(agent("roomy", own, { slots: 4 }), agent("there", own, { hostName: "h1" })),
    task: onH1,
    expected: "free own-cluster there",
  },
  {
    name: "knows the host by its address too",
    fleet: agents(agent("roomy", own, { slots: 4 }), agent("there", own, { hostName: "10.0.0.1" })),
    task: onH1,
    expected: "free own-cluster there",
  },
  {
    name: "offers it to the others as well when the agent on the host did not come for it",
    fleet: agents(agent("roomy", own, { slots: 4 }), agent("there", own, { hostName: "h1" })),
    task: onH1,
    past: { waitedOut: new Set(), offeredMs: 6_000 },
    expected: "free own-cluster there roomy",
  },
  {
    name: "does not wait for a busy agent on the host when another one of the level has room",
    fleet: agents(agent("roomy", own), agent("there", own, { hostName: "h1", ...busy })),
    task: onH1,
    expected: "free own-cluster roomy",
  },
  {
    name: "does not prefer an agent on another manager's host of the same name",
    fleet: agents(agent("c1", far, { hostName: "h1" }), agent("c0", "m2/c2", { slots: 2 })),
    task: onH1,
    expected: "free other-manager c0 c1",
  },
  {
    name: "prefers the own cluster before a host of another one",
    fleet: agents(agent("a", own), agent("there", near, { hostName: "h1" })),
    task: onH1,
    expected: "free own-cluster a",
  },
  {
    name: "has no favourite for a VM that no host runs",
    fleet: agents(agent("b", own, { hostName: "h1" }), agent("a", own)),
    expected: "free own-cluster a b",
  },
];

describe.each([
  ["levels", levelsOfAgents],
  ["preferences", preferences],
])("place: %s", (_title, cases) => {
  it.each(cases)("$name", (one) => {
    expectPlaced(one);
  });
});

describe("place", () => {
  it("never skips a level that has a healthy agent, whatever the others are", () => {
    const conditions: Partial<PlacedAgent>[] = [{}, busy, inState("silent"), inState("draining")];
    const levels = [own, near, far];
    const pick = (code: number, index: number): Partial<PlacedAgent> | undefined =>
      conditions[Math.floor(code / 5 ** index) % 5];
    for (let code = 0; code < 5 ** 3; code += 1) {
      const list = levels.flatMap((level, index) => {
        const condition = pick(code, index);
        return condition === undefined ? [] : [agent(level, level, condition)];
      });
      const first = list.find(({ health }) => health === "healthy");
      const kind = first?.busy === 0 ? "free" : "busy";
      const placement = place(testPlacementTask(), agents(...list));
      expect(placement.kind).toBe(first === undefined ? "nobody" : kind);
      if (placement.kind === "free" || placement.kind === "busy")
        expect(placement.agents.map(({ name }) => name)).toStrictEqual([first?.name]);
    }
  });
});
