import { describe, expect, it } from "vitest";
import { testAgentOf, testFleet, testPlacedAgent, testPlacedWorker, testPlacementTask } from "../testing/test-fleet.ts";
import type { Fleet } from "./fleet.ts";
import type { AgentHealth, PlacedAgent } from "./placed-agent.ts";
import type { PlacementTask } from "./placement-task.ts";
import type { PlacementLevel } from "./placement.ts";
import { type PlacementPast, freshPast, place, wordsFor } from "./place.ts";

const own = "m1/c1";
const near = "m1/c2";
const far = "m2/c1";
const agent = testPlacedAgent;
const worker = testPlacedWorker;
const busy = { busy: 1 };
const inState = (health: AgentHealth): Partial<PlacedAgent> => ({ health });
const broken = { unhealthyReason: "its last test failed: it never enrolled" };
const disabled = { isEnabled: false };
const waited = (...levels: readonly PlacementLevel[]): PlacementPast => ({ waitedOut: new Set(levels), offeredMs: 0 });

/** A worker that is up, with its agent. */
const upAt = (name: string, where: string, facts: Partial<PlacedAgent> = {}): Fleet => {
  const up = worker(name, where, { state: "up" });
  return testFleet([testAgentOf(up, facts)], [up]);
};
const both = (...fleets: readonly Fleet[]): Fleet =>
  testFleet(
    fleets.flatMap(({ agents }) => agents),
    fleets.flatMap(({ workers }) => workers),
  );
const agents = (...list: readonly PlacedAgent[]): Fleet => testFleet(list);
const workers = (...list: Fleet["workers"]): Fleet => testFleet([], list);
const given = (fleet: Fleet, counts: Readonly<Record<string, number>>): Fleet => ({
  ...fleet,
  given: new Map(Object.entries(counts)),
});

const restore: Partial<PlacementTask> = { isRestore: true };
const onH1: Partial<PlacementTask> = { hostNames: ["h1", "10.0.0.1"] };

/** What is expected, in short: kind, level, then names, best first. */
interface Case {
  readonly name: string;
  readonly fleet: Fleet;
  readonly task?: Partial<PlacementTask>;
  readonly past?: PlacementPast;
  readonly expected: string;
  readonly words?: string;
  readonly warnings?: readonly string[];
}

const levelsOfAgents: readonly Case[] = [
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

const preferences: readonly Case[] = [
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

const workersCases: readonly Case[] = [
  {
    name: "launches a sleeping worker of the own cluster, though another cluster's agent is free",
    fleet: both(workers(worker("w1", own)), agents(agent("b", near))),
    expected: "launch own-cluster w1",
    words: "worker w1 of the VM's cluster alpha, which is to be launched",
  },
  {
    name: "prefers an agent with room before launching a worker",
    fleet: both(workers(worker("w1", own)), agents(agent("a", own))),
    expected: "free own-cluster a",
  },
  {
    name: "launches a worker beside agents that are busy",
    fleet: both(workers(worker("w1", own)), agents(agent("a", own, busy))),
    expected: "launch own-cluster w1",
  },
  {
    name: "prefers a worker that is on its way before launching another",
    fleet: workers(worker("a", own), worker("b", own, { state: "rising" })),
    expected: "launch own-cluster b a",
    words: "worker b of the VM's cluster alpha, which is being launched",
  },
  {
    name: "launches another worker when the one on its way is promised to others",
    fleet: given(workers(worker("a", own), worker("b", own, { state: "rising" })), { wb: 4 }),
    expected: "launch own-cluster a",
  },
  {
    name: "waits when all workers on their way are promised to others",
    fleet: given(workers(worker("b", own, { state: "rising" })), { wb: 4 }),
    expected: "busy own-cluster",
    words: "all agents of the VM's cluster alpha are busy (worker b)",
  },
  {
    name: "makes a worker that is going down rise again",
    fleet: workers(worker("w1", own, { state: "falling" })),
    expected: "launch own-cluster w1",
    words: "worker w1 of the VM's cluster alpha, which is going down and to be launched again",
  },
  {
    name: "gives work to the agent of a worker that is up, like to any other",
    fleet: both(upAt("w1", own), agents(agent("b", near))),
    expected: "free own-cluster w1",
  },
  {
    name: "waits for the agent of a worker that is up and full",
    fleet: both(upAt("w1", own, { busy: 4 }), agents(agent("b", near))),
    expected: "busy own-cluster w1",
  },
  {
    name: "gives no work to the agent of a worker that is going down, though it is still heard",
    fleet: testFleet([testAgentOf(worker("w1", own, { state: "falling" }))], [worker("w1", own, { state: "falling" })]),
    expected: "launch own-cluster w1",
  },
  {
    name: "gives no work to an agent whose worker is gone",
    fleet: testFleet([testAgentOf(worker("w1", own))], []),
    expected: "nobody",
  },
  {
    name: "awaits a worker that is up and whose agent is not heard, after all others",
    fleet: both(upAt("a", own, inState("silent")), workers(worker("b", own))),
    expected: "launch own-cluster b a",
  },
  {
    name: "counts what a worker's agent still holds when it is launched again",
    fleet: testFleet([testAgentOf(worker("w1", own), { health: "silent", busy: 4 })], [worker("w1", own)]),
    expected: "busy own-cluster",
  },
  {
    name: "passes a broken worker with a warning, and falls through",
    fleet: both(workers(worker("w1", own, broken)), agents(agent("b", near))),
    expected: "free other-cluster b",
    words:
      "agent of another cluster of manager one: the VM's cluster alpha has no healthy agent " +
      "(worker w1: its last test failed: it never enrolled)",
    warnings: ["WORKER_PASSED worker w1 was passed: its last test failed: it never enrolled"],
  },
  {
    name: "passes a disabled worker with a warning, though it is up and its agent healthy",
    fleet: testFleet(
      [testAgentOf(worker("w1", own)), agent("b", near)],
      [worker("w1", own, { ...disabled, state: "up" })],
    ),
    expected: "free other-cluster b",
    warnings: ["WORKER_PASSED worker w1 was passed: it is disabled"],
  },
  {
    name: "warns of a broken worker beside one that serves",
    fleet: workers(worker("w1", own, broken), worker("w2", own)),
    expected: "launch own-cluster w2",
    warnings: ["WORKER_PASSED worker w1 was passed: its last test failed: it never enrolled"],
  },
  {
    name: "says nothing of a broken worker at a level that was not looked at",
    fleet: both(agents(agent("a", own)), workers(worker("w1", near, broken))),
    expected: "free own-cluster a",
    warnings: [],
  },
  {
    name: "passes a worker whose agent is draining",
    fleet: both(upAt("w1", own, inState("draining")), workers(worker("w2", near))),
    expected: "launch other-cluster w2",
    warnings: ["WORKER_PASSED worker w1 was passed: its agent is draining"],
  },
  {
    name: "passes a worker whose agent is of an incompatible version",
    fleet: both(upAt("w1", own, inState("incompatible")), workers(worker("w2", near))),
    expected: "launch other-cluster w2",
    warnings: ["WORKER_PASSED worker w1 was passed: its agent is of a version that the controller does not work with"],
  },
  {
    name: "launches another manager's worker when this one has nobody",
    fleet: workers(worker("w1", own, disabled), worker("w9", far)),
    expected: "launch other-manager w9",
    warnings: ["WORKER_PASSED worker w1 was passed: it is disabled"],
  },
  {
    name: "finds nobody among workers that are broken or disabled, and names them all",
    fleet: workers(worker("w1", own, broken), worker("w2", near, disabled)),
    expected: "nobody",
    words:
      "the VM's cluster alpha has no healthy agent (worker w1: its last test failed: it never enrolled); " +
      "another cluster of manager one has no healthy agent (worker w2: it is disabled); another manager has no agent",
    warnings: [
      "WORKER_PASSED worker w1 was passed: its last test failed: it never enrolled",
      "WORKER_PASSED worker w2 was passed: it is disabled",
    ],
  },
];

const waitLimits: readonly Case[] = [
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

const restores: readonly Case[] = [
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

const shortOf = (placement: ReturnType<typeof place>): string => {
  if (placement.kind === "nobody") return "nobody";
  const named = placement.kind === "launch" ? placement.workers : placement.agents;
  return [placement.kind, placement.level, ...named.map(({ name }) => name)].join(" ");
};

describe.each([
  ["levels", levelsOfAgents],
  ["preferences", preferences],
  ["workers", workersCases],
  ["wait limits", waitLimits],
  ["restores", restores],
])("place: %s", (_title, cases) => {
  it.each(cases)("$name", ({ fleet, task = {}, past = freshPast, expected, words, warnings }) => {
    const placement = place(testPlacementTask(task), fleet, past);
    expect(shortOf(placement)).toBe(expected);
    expect(placement.words).not.toBe("");
    if (words !== undefined) expect(placement.words).toBe(words);
    if (warnings !== undefined)
      expect(placement.warnings.map(({ code, message }) => `${code} ${message}`)).toStrictEqual(warnings);
    expect(placement.warnings.every(({ level }) => level === "warning")).toBe(true);
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
