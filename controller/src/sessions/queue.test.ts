import { describe, expect, it } from "vitest";
import type { LimitedThing, Limits } from "../placement/limits.ts";
import { freshPast } from "../placement/place.ts";
import type { PlacedAgent } from "../placement/placed-agent.ts";
import type { PlacedWorker } from "../placement/placed-worker.ts";
import { testAgentOf, testFleet, testPlacedAgent, testPlacedWorker, testPlacementTask } from "../testing/test-fleet.ts";
import { neededWorkers } from "./needed-workers.ts";
import { type QueueGround, type QueueVerdict, type QueuedTask, firstFor, inOrder, judgeQueue } from "./queue.ts";

const queued = (taskId: string, facts: Partial<QueuedTask> = {}): QueuedTask => ({
  taskId,
  sessionId: `s-${taskId}`,
  vmKey: `vm-${taskId}`,
  queuedMs: 0,
  position: 0,
  restsMs: 0,
  target: testPlacementTask(),
  isCopy: false,
  past: freshPast,
  things: [],
  blockedBy: "",
  ...facts,
});

const restore = { target: testPlacementTask({ isRestore: true }) };
const host: LimitedThing = { kind: "host", id: "m1/h1", name: "h1" };
const domain: LimitedThing = { kind: "domain", id: "m1/d1", name: "data1" };
const manager: LimitedThing = { kind: "manager", id: "m1", name: "one" };
const repository: LimitedThing = { kind: "repository", id: "r1", name: "main" };

const noLimits: Limits = { perHost: 0, perDomain: 0, perManager: 0, perRepository: 0 };

const ground = (
  agents: readonly PlacedAgent[],
  facts: Partial<QueueGround> & { readonly workers?: readonly PlacedWorker[] } = {},
): QueueGround => ({ fleet: testFleet(agents, facts.workers), limits: noLimits, load: new Map(), ...facts });

const roomy = testPlacedAgent("own", "m1/c1", { slots: 16 });
const many = (count: number, facts: Partial<QueuedTask> = {}): readonly QueuedTask[] =>
  Array.from({ length: count }, (_none, index) => queued(`t${index}`, { queuedMs: index, ...facts }));

const kinds = (verdicts: readonly QueueVerdict[]): readonly string[] =>
  verdicts.map(({ standing, placement }) => (standing === "ready" ? placement.kind : standing));

describe("the queue", () => {
  it("serves restores before backups and copies after them, then the longest waiting, then by position", () => {
    const tasks = [
      queued("copy", { isCopy: true }),
      queued("late", { queuedMs: 9 }),
      queued("second", { position: 1 }),
      queued("first"),
      queued("restore", { ...restore, queuedMs: 99 }),
    ];
    expect(inOrder(tasks).map(({ taskId }) => taskId)).toStrictEqual(["restore", "first", "second", "late", "copy"]);
  });

  it("gives a task only to an agent that placement names", () => {
    const verdicts = judgeQueue([queued("t")], ground([testPlacedAgent("own"), testPlacedAgent("other", "m1/c2")]));
    expect(firstFor("own", verdicts)?.task.taskId).toBe("t");
    expect(firstFor("other", verdicts)).toBeUndefined();
  });

  it("passes over a task whose VM is held, and says by whom", () => {
    const blockedBy = "waits for a task of session s (running), which works on this VM";
    const verdicts = judgeQueue(
      [queued("held", { blockedBy }), queued("next", { queuedMs: 1 })],
      ground([testPlacedAgent("own")]),
    );
    expect(firstFor("own", verdicts)?.task.taskId).toBe("next");
    expect(verdicts[0]?.words).toBe(blockedBy);
  });

  it("holds the second of two tasks of one VM back while the first is about to begin", () => {
    const verdicts = judgeQueue(
      [queued("first", { vmKey: "vm" }), queued("second", { vmKey: "vm", queuedMs: 1 })],
      ground([roomy]),
    );
    expect(kinds(verdicts)).toStrictEqual(["free", "held"]);
    expect(verdicts[1]?.words).toBe(
      "waits for a task of session s-first, which works on this VM and is before it in the queue",
    );
  });

  it("passes over a task that rests before its next attempt", () => {
    const verdicts = judgeQueue([queued("resting", { restsMs: 1_500 })], ground([testPlacedAgent("own")]));
    expect(firstFor("own", verdicts)).toBeUndefined();
    expect(verdicts[0]?.words).toBe("rests 2 s before another attempt");
  });

  it("numbers places from 1 and says that all are busy", () => {
    const verdicts = judgeQueue(
      [queued("a"), queued("b", { queuedMs: 1 })],
      ground([testPlacedAgent("own", "m1/c1", { busy: 1 })]),
    );
    expect(verdicts.map(({ place }) => place)).toStrictEqual([1, 2]);
    expect(verdicts[1]?.words).toBe("waits for a free slot: all agents of the VM's cluster alpha are busy (own)");
  });

  it("promises a slot to one task only", () => {
    expect(kinds(judgeQueue(many(3), ground([testPlacedAgent("own", "m1/c1", { slots: 2 })])))).toStrictEqual([
      "free",
      "free",
      "busy",
    ]);
  });

  it("wakes two workers of four slots for eight tasks, and lets the ninth wait", () => {
    const workers = ["w1", "w2", "w3"].map((name) => testPlacedWorker(name, "m1/c1"));
    const eight = judgeQueue(many(8), ground([], { workers }));
    expect([...neededWorkers(eight, [])]).toStrictEqual(["w1", "w2"]);
    const nine = judgeQueue(many(9), ground([], { workers: workers.slice(0, 2) }));
    expect(kinds(nine).at(-1)).toBe("busy");
  });
});

describe("limits", () => {
  it.each([
    ["host", host, { perHost: 2 }, "waits: host h1 has 2 of 2 tasks (limit per host)"],
    ["domain", domain, { perDomain: 2 }, "waits: storage domain data1 has 2 of 2 tasks (limit per storage domain)"],
    ["manager", manager, { perManager: 2 }, "waits: manager one has 2 of 2 tasks (limit per manager)"],
    ["repository", repository, { perRepository: 2 }, "waits: repository main has 2 of 2 tasks (limit per repository)"],
  ])("let no third task onto a %s of two, and say so", (_kind, thing, limit, words) => {
    const verdicts = judgeQueue(many(3, { things: [thing] }), ground([roomy], { limits: { ...noLimits, ...limit } }));
    expect(kinds(verdicts)).toStrictEqual(["free", "free", "limited"]);
    expect(verdicts[2]?.words).toBe(words);
    expect(firstFor("own", verdicts.slice(2))).toBeUndefined();
  });

  it("count the tasks that are under way", () => {
    const load = new Map([["host/m1/h1", 1]]);
    const limits = { ...noLimits, perHost: 2 };
    expect(kinds(judgeQueue(many(2, { things: [host] }), ground([roomy], { limits, load })))).toStrictEqual([
      "free",
      "limited",
    ]);
  });

  it("of 0 are none", () => {
    expect(kinds(judgeQueue(many(9, { things: [host, domain, manager] }), ground([roomy])))).toStrictEqual(
      Array.from({ length: 9 }, () => "free"),
    );
  });

  it("let a task past that loads something else", () => {
    const limits = { ...noLimits, perHost: 1 };
    const other = queued("other", { queuedMs: 9, things: [{ ...host, id: "m1/h2", name: "h2" }] });
    expect(kinds(judgeQueue([...many(2, { things: [host] }), other], ground([roomy], { limits })))).toStrictEqual([
      "free",
      "limited",
      "free",
    ]);
  });

  it("are all named when several hold a task", () => {
    const limits = { ...noLimits, perHost: 1, perDomain: 1 };
    const verdicts = judgeQueue(many(2, { things: [host, domain] }), ground([roomy], { limits }));
    expect(verdicts[1]?.words).toBe(
      "waits: host h1 has 1 of 1 tasks (limit per host); storage domain data1 has 1 of 1 tasks (limit per storage domain)",
    );
  });

  it("launch no worker for a task that they hold", () => {
    const workers = [testPlacedWorker("w1", "m1/c1", { slots: 1 }), testPlacedWorker("w2", "m1/c1", { slots: 1 })];
    const limits = { ...noLimits, perHost: 1 };
    const verdicts = judgeQueue(many(2, { things: [host] }), ground([], { workers, limits }));
    expect([...neededWorkers(verdicts, [])]).toStrictEqual(["w1"]);
  });

  it("let a task begin although earlier ones have promised its places to a worker that is not there yet", () => {
    const workers = [testPlacedWorker("w1", "m1/c1")];
    const limits = { ...noLimits, perManager: 2 };
    const near = { target: testPlacementTask({ clusterId: "c2" }), things: [manager] };
    const tasks = [
      ...many(3, { things: [manager] }),
      ...["x", "y", "z"].map((name) => queued(name, { queuedMs: 9, ...near })),
    ];
    const other = testPlacedAgent("other", "m1/c2", { slots: 4 });
    const verdicts = judgeQueue(tasks, ground([other], { workers, limits }));
    expect(kinds(verdicts)).toStrictEqual(["launch", "launch", "limited", "free", "free", "limited"]);
  });

  it("keep the places of a restore that waits for a worker from the backups behind it", () => {
    const workers = [testPlacedWorker("w1", "m1/c1")];
    const limits = { ...noLimits, perManager: 1 };
    const tasks = [
      queued("restore", { ...restore, things: [manager] }),
      queued("b", { target: testPlacementTask({ clusterId: "c2" }), things: [manager] }),
    ];
    const other = testPlacedAgent("other", "m1/c2");
    expect(kinds(judgeQueue(tasks, ground([other], { workers, limits })))).toStrictEqual(["launch", "limited"]);
  });

  it("do not hide that there is nobody", () => {
    const limits = { ...noLimits, perHost: 1 };
    const load = new Map([["host/m1/h1", 1]]);
    expect(kinds(judgeQueue(many(1, { things: [host] }), ground([], { limits, load })))).toStrictEqual(["nobody"]);
  });

  it("that hold a restore keep its slot and its other places from the backups behind it", () => {
    const limits = { ...noLimits, perDomain: 1, perManager: 2 };
    const load = new Map([
      ["domain/m1/d1", 1],
      ["manager/m1", 1],
    ]);
    const tasks = [queued("restore", { ...restore, things: [domain, manager] }), queued("b", { things: [manager] })];
    expect(judgeQueue(tasks, ground([roomy], { limits, load })).map(({ words }) => words)).toStrictEqual([
      "waits: storage domain data1 has 1 of 1 tasks (limit per storage domain)",
      "waits: manager one has 2 of 2 tasks (limit per manager)",
    ]);
    const [first] = tasks;
    const slot = judgeQueue([first ?? queued("none"), queued("b")], ground([testPlacedAgent("own")], { limits, load }));
    expect(kinds(slot)).toStrictEqual(["limited", "busy"]);
  });
});

describe("neededWorkers", () => {
  const up = testPlacedWorker("abcdefghijkl", "m1/c1", { state: "up" });
  const asleep = testPlacedWorker("mnopqrstuvwx");

  it("keeps a worker up whose agent a waiting task was offered to", () => {
    const verdicts = judgeQueue([queued("t")], ground([testAgentOf(up)], { workers: [up] }));
    expect([...neededWorkers(verdicts, [])]).toStrictEqual([up.workerId]);
  });

  it("keeps a worker up that holds an attempt, whatever the queue says", () => {
    expect([
      ...neededWorkers([], [{ agentId: `w${up.workerId}` as never }, { agentId: "plain" as never }]),
    ]).toStrictEqual([up.workerId]);
  });

  it("keeps a worker up for a task that rests, but launches none for it", () => {
    const resting = queued("t", { restsMs: 5 });
    const kept = judgeQueue([resting], ground([testAgentOf(up)], { workers: [up] }));
    expect([...neededWorkers(kept, [])]).toStrictEqual([up.workerId]);
    expect([...neededWorkers(judgeQueue([resting], ground([], { workers: [asleep] })), [])]).toStrictEqual([]);
  });

  it("needs none when nothing waits", () => {
    expect(neededWorkers([], []).size).toBe(0);
  });
});
