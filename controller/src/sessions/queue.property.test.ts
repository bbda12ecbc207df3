import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LimitedThing, Limits } from "../placement/limits.ts";
import type { AgentHealth, PlacedAgent } from "../placement/placed-agent.ts";
import type { PlacedWorker } from "../placement/placed-worker.ts";
import type { PlacementLevel } from "../placement/placement.ts";
import { testAgentOf, testFleet, testPlacedAgent, testPlacedWorker, testPlacementTask } from "../testing/test-fleet.ts";
import { neededWorkers } from "./needed-workers.ts";
import { type QueueGround, type QueueVerdict, type QueuedTask, firstFor, isClaimable, judgeQueue } from "./queue.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? Date.now() % 2 ** 31);
const runs = { seed, numRuns: 1_500 };

const managerIds = ["m1", "m2"] as const;
const clusterIds = ["c1", "c2"] as const;
const where = fc.tuple(fc.constantFrom(...managerIds), fc.constantFrom(...clusterIds)).map((parts) => parts.join("/"));
const health = fc.constantFrom<AgentHealth>(
  "healthy",
  "healthy",
  "silent",
  "unplaced",
  "incompatible",
  "refusing",
  "draining",
);

const agent = (index: number): fc.Arbitrary<PlacedAgent> =>
  fc
    .record({ where, health, slots: fc.nat(3), busy: fc.nat(2), hostName: fc.constantFrom("", "h1", "h2") })
    .map(({ where: place, ...facts }) => testPlacedAgent(`a${index}`, place, facts));

/** A worker, with an agent or without one that was ever heard. */
const worker = (index: number): fc.Arbitrary<{ worker: PlacedWorker; agents: readonly PlacedAgent[] }> =>
  fc
    .record({
      where,
      slots: fc.integer({ min: 1, max: 3 }),
      isEnabled: fc.boolean(),
      unhealthyReason: fc.constantFrom("", "", "its last test failed"),
      state: fc.constantFrom<PlacedWorker["state"]>("asleep", "rising", "up", "up", "falling"),
      agent: fc.option(fc.record({ health, busy: fc.nat(2) })),
    })
    .map(({ where: place, agent: facts, ...rest }) => {
      const made = testPlacedWorker(`w${index}`, place, rest);
      return { worker: made, agents: facts === null ? [] : [testAgentOf(made, facts)] };
    });

const things: readonly LimitedThing[] = [
  { kind: "host", id: "h1", name: "h1" },
  { kind: "host", id: "h2", name: "h2" },
  { kind: "domain", id: "d1", name: "d1" },
  { kind: "domain", id: "d2", name: "d2" },
  { kind: "manager", id: "m1", name: "m1" },
  { kind: "repository", id: "r1", name: "r1" },
];
const keyOf = ({ kind, id }: LimitedThing): string => `${kind}/${id}`;

const task = (index: number): fc.Arbitrary<QueuedTask> =>
  fc
    .record({
      target: fc.record({
        isRestore: fc.boolean(),
        managerId: fc.constantFrom(...managerIds),
        clusterId: fc.constantFrom(...clusterIds),
        hostNames: fc.constantFrom([], ["h1"], ["h2"]),
      }),
      queuedMs: fc.nat(3),
      restsMs: fc.constantFrom(0, 0, 0, 5),
      blockedBy: fc.constantFrom("", "", "", "waits for another task"),
      vmKey: fc.constantFrom("", "vm1", `own${index}`, `own${index}`),
      things: fc.subarray([...things]),
      waitedOut: fc.subarray<PlacementLevel>(["own-cluster", "other-cluster", "other-manager"]),
      offeredMs: fc.constantFrom(0, 10_000),
    })
    .map(({ target, waitedOut, offeredMs, ...facts }) => ({
      taskId: `t${index}`,
      sessionId: `s${index}`,
      position: index,
      ...facts,
      target: testPlacementTask(target),
      isCopy: false,
      past: { waitedOut: new Set(waitedOut), offeredMs },
    }));

const limits: fc.Arbitrary<Limits> = fc.record({
  perHost: fc.nat(3),
  perDomain: fc.nat(3),
  perManager: fc.nat(4),
  perRepository: fc.nat(4),
});

const ground: fc.Arbitrary<QueueGround> = fc
  .record({
    agents: fc.nat(4).chain((count) => fc.tuple(...Array.from({ length: count }, (_none, index) => agent(index)))),
    workers: fc.nat(3).chain((count) => fc.tuple(...Array.from({ length: count }, (_none, index) => worker(index)))),
    limits,
    load: fc.array(fc.constantFrom(...things), { maxLength: 6 }),
  })
  .map((made) => ({
    fleet: testFleet(
      [...made.agents, ...made.workers.flatMap(({ agents }) => agents)],
      made.workers.map((one) => one.worker),
    ),
    limits: made.limits,
    load: count(made.load.map(keyOf)),
  }));

const tasks: fc.Arbitrary<readonly QueuedTask[]> = fc
  .nat(8)
  .chain((length) => fc.tuple(...Array.from({ length }, (_none, index) => task(index))));

const count = (keys: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

/** Tasks that are given to somebody. */
const going = (verdicts: readonly QueueVerdict[]): readonly QueueVerdict[] =>
  verdicts.filter(({ standing, placement }) => standing === "ready" && ["free", "launch"].includes(placement.kind));

const takerOf = ({ placement }: QueueVerdict): string => {
  if (placement.kind === "free") return placement.agents[0]?.agentId ?? "";
  return placement.kind === "launch" ? `w${placement.workers[0]?.workerId ?? ""}` : "";
};

/** Judges a queue and shows a counterexample by its verdicts. */
const always = (
  check: (verdicts: readonly QueueVerdict[], queue: readonly QueuedTask[], on: QueueGround) => void,
): void => {
  fc.assert(
    fc.property(tasks, ground, (queue, on) => {
      check(judgeQueue(queue, on), queue, on);
    }),
    runs,
  );
};

describe(`a judged queue (seed ${seed})`, () => {
  it("never gives an agent or worker more tasks than it has slots", () => {
    always((verdicts, _queue, { fleet }) => {
      for (const [agentId, given] of count(going(verdicts).map(takerOf))) {
        const known = fleet.agents.find((one) => one.agentId === agentId);
        const slots = fleet.workers.find(({ workerId }) => `w${workerId}` === agentId)?.slots ?? known?.slots ?? 0;
        expect(given + (known?.busy ?? 0)).toBeLessThanOrEqual(slots);
      }
    });
  });

  it("never goes over a limit, nor launches a worker for more than it allows", () => {
    const limitOf = {
      host: "perHost",
      domain: "perDomain",
      manager: "perManager",
      repository: "perRepository",
    } as const;
    always((verdicts, _queue, on) => {
      for (const [index, verdict] of verdicts.entries()) {
        if (!going([verdict]).includes(verdict)) continue;
        const before = going(verdicts.slice(0, index));
        const isLaunch = verdict.placement.kind === "launch";
        const counted = before.filter(
          ({ task: { target }, placement }) => isLaunch || target.isRestore || placement.kind === "free",
        );
        const more = count(counted.flatMap((one) => one.task.things.map(keyOf)));
        for (const thing of verdict.task.things) {
          const most = on.limits[limitOf[thing.kind]];
          const had = (on.load.get(keyOf(thing)) ?? 0) + (more.get(keyOf(thing)) ?? 0);
          if (most > 0) expect(had).toBeLessThan(most);
        }
      }
    });
  });

  it("never names an agent that is not healthy, or a worker that is disabled or broken", () => {
    always((verdicts, _queue, { fleet }) => {
      for (const { placement } of verdicts) {
        const agents = placement.kind === "free" || placement.kind === "busy" ? placement.agents : [];
        const workers = [
          ...(placement.kind === "launch" ? placement.workers : []),
          ...agents.flatMap(({ workerId }) => {
            const its = fleet.workers.find((one) => one.workerId === workerId);
            if (workerId !== "") expect(its?.state).toBe("up");
            return its ?? [];
          }),
        ];
        for (const one of agents) expect(one.health).toBe("healthy");
        for (const one of workers) expect(one).toMatchObject({ isEnabled: true, unhealthyReason: "" });
      }
    });
  });

  it("never puts a restore behind a backup, nor makes one wait for a backup's sake", () => {
    always((verdicts, queue, on) => {
      const order = verdicts.map(({ task: { target } }) => target.isRestore);
      expect(order).toStrictEqual([...order].sort((left, right) => Number(right) - Number(left)));
      const alone = judgeQueue(
        queue.filter(({ target }) => target.isRestore),
        on,
      );
      expect(verdicts.slice(0, alone.length)).toStrictEqual(alone);
    });
  });

  it("never sends a restore to another manager", () => {
    always((verdicts) => {
      for (const { task: one, placement } of verdicts) {
        if (one.target.isRestore && placement.kind !== "nobody") expect(placement.level).not.toBe("other-manager");
      }
    });
  });

  it("always explains where a task goes or what it waits for, and numbers every place", () => {
    always((verdicts, queue) => {
      expect(verdicts.map(({ place }) => place)).toStrictEqual(queue.map((_none, index) => index + 1));
      for (const { words, placement } of verdicts) {
        expect(words).toMatch(/^(waits|rests)\b/);
        expect(placement.words).not.toBe("");
      }
    });
  });

  it("is the same whatever the order in which tasks, agents and workers are told", () => {
    always((verdicts, queue, on) => {
      const fleet = { ...on.fleet, agents: on.fleet.agents.toReversed(), workers: on.fleet.workers.toReversed() };
      const shown = (list: readonly QueueVerdict[]) => list.map((one) => [one.task.taskId, one.words, takerOf(one)]);
      expect(shown(judgeQueue(queue.toReversed(), { ...on, fleet }))).toStrictEqual(shown(verdicts));
    });
  });

  it("gives a VM to one task at a time", () => {
    always((verdicts) => {
      const vms = going(verdicts).flatMap(({ task: { vmKey } }) => (vmKey === "" ? [] : [vmKey]));
      expect(new Set(vms).size).toBe(vms.length);
    });
  });

  it("lets only an agent that is named claim, and the first task that names it", () => {
    always((verdicts, _queue, { fleet }) => {
      for (const { agentId } of fleet.agents) {
        const names = (verdict: QueueVerdict): boolean =>
          isClaimable(verdict) &&
          verdict.placement.kind === "free" &&
          verdict.placement.agents.some((one) => one.agentId === agentId);
        expect(firstFor(agentId, verdicts)).toBe(verdicts.find(names));
      }
    });
  });

  it("needs exactly the workers that tasks were given to, and wakes none for others", () => {
    always((verdicts, _queue, { fleet }) => {
      const needed = neededWorkers(verdicts, []);
      const taken = new Set(going(verdicts).map(takerOf));
      for (const one of fleet.workers) {
        if (taken.has(`w${one.workerId}`)) expect(needed).toContain(one.workerId);
        else if (one.state === "asleep" || one.state === "falling") expect(needed).not.toContain(one.workerId);
      }
    });
  });
});
