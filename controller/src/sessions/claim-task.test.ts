import { defaultCapturePolicy } from "../capture/capture-policy.ts";
import type { AgentId, SessionId, TaskId } from "@holdfast/shared/ids/ids";
import { afterEach, describe, expect, it, vi } from "vitest";
import { insertTask, listOpenTasks, listTasksOfSession } from "../database/tasks-table.ts";
import type { Inventory } from "../hypervisor/inventory.ts";
import type { PlacedWorker } from "../placement/placed-worker.ts";
import { type BenchFacts, type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { testDisk, testDomain, testInventory, testVm } from "../testing/scripted-engine.ts";
import { testPlacedWorker } from "../testing/test-fleet.ts";
import { testAgent, testTask } from "../testing/test-rows.ts";
import { type Allotted, claimTask } from "./claim-task.ts";
import { endAttempt } from "./end-attempt.ts";
import { judgeWaiting } from "./read-queue.ts";
import type { Task } from "./task.ts";
import type { WorkDeps } from "./work-deps.ts";

let bench: TestBench;
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** `one` and `two` run on host h-c1 with their disks on data1; `three` runs on h-c2 with its disk on data2. */
const inventory: Inventory = {
  ...testInventory([
    testVm("one", "c1", { hostId: "h-c1", disks: [testDisk("k1", "d1")] }),
    testVm("two", "c1", { hostId: "h-c1", disks: [testDisk("k2", "d1")] }),
    testVm("three", "c2", { hostId: "h-c2", disks: [testDisk("k3", "d2")] }),
  ]),
  storageDomains: [testDomain("d1", "data1"), testDomain("d2", "data2")],
};

const open = async (settings: NonNullable<BenchFacts["settings"]>): Promise<void> => {
  bench = await openTestBench(60_000, { inventory, settings });
};

/** An agent that has said hello. */
const agent = async (name: string, cluster: string, facts: Parameters<typeof testAgent>[0] = {}) => {
  await bench.deps.agents.hear(testAgent({ agentId: name as AgentId, name, clusterName: cluster, slots: 4, ...facts }));
  return (deps: WorkDeps = bench.deps): Promise<Allotted | undefined> =>
    claimTask(deps, { agentId: name, agentName: name, incarnation: "life1", freeSlots: 1 });
};

const until = <T>(look: () => T | Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 8_000, interval: 15 });

const queueOf = async (vms: readonly string[]): Promise<void> => {
  await bench.begin("s1", vms);
  await untilWaiting(vms.length);
};

const untilWaiting = (count: number): Promise<void> =>
  until(async () => {
    const tasks = await listOpenTasks(bench.deps.database.queries);
    expect(tasks.filter(({ state }) => state === "waiting")).toHaveLength(count);
  });

/** The next claim takes the next task, as if the former answer had arrived. */
const acknowledge = (allotted: Allotted | undefined): string => {
  if (allotted === undefined) throw new Error("nothing was allotted");
  bench.deps.liveness.heard(allotted.attempt.attemptId);
  return allotted.task.vmName;
};

const waits = async (): Promise<readonly string[]> =>
  (await judgeWaiting(bench.deps.database.queries, bench.deps)).map(({ place, words }) => `${place} ${words}`);

/** A restore of a disk to data1 in cluster c1, queued after everything else. */
const addRestore = async (): Promise<void> => {
  const [manager] = bench.deps.managers.list();
  const scope = {
    v: 1 as const,
    kind: "restore-disk" as const,
    pointId: "p",
    diskId: "k",
    alias: "back",
    storageDomainId: "",
    targetDomainIds: ["d1"],
  };
  await insertTask(
    bench.deps.database.queries,
    testTask({
      taskId: "restore" as TaskId,
      sessionId: "s1" as SessionId,
      position: 9,
      managerId: manager?.record.managerId ?? "",
      vmId: "",
      vmName: "back",
      state: "waiting",
      queuedMs: Date.now() + 60_000,
      scope,
    }),
  );
};

const success = { v: 1 as const, cause: "succeeded" as const, code: "", message: "", retryable: false };

/** The agent reports success; what comes of it the fence says. */
const succeed = async (allotted: Allotted | undefined): Promise<void> => {
  bench.deps.runner.poke((await endAttempt(bench.deps, allotted?.attempt.attemptId ?? "", success)) ?? "");
};

describe("a claim within limits", () => {
  it("is refused while the VM's host has its most tasks, and answered when one of them is settled", async () => {
    await open({ limits: { perHost: 1 } });
    const claim = await agent("own", "c1");
    await queueOf(["one", "two"]);
    const first = await claim();
    expect(acknowledge(first)).toBe("one");
    expect(await claim()).toBeUndefined();
    expect(await waits()).toStrictEqual(["1 waits: host h-c1 has 1 of 1 tasks (limit per host)"]);

    bench.work.fence = "committed";
    await succeed(first);
    await until(async () => {
      expect(acknowledge(await claim())).toBe("two");
    });
  });

  it("is refused for the storage domain of a VM's disk, but not for a VM with its disk elsewhere", async () => {
    await open({ limits: { perHost: 0, perDomain: 1 } });
    const claim = await agent("own", "c1");
    const other = await agent("other", "c2");
    await queueOf(["one", "two", "three"]);
    expect(acknowledge(await claim())).toBe("one");
    expect(await claim()).toBeUndefined();
    expect(acknowledge(await other())).toBe("three");
    expect(await waits()).toStrictEqual(["1 waits: storage domain data1 has 1 of 1 tasks (limit per storage domain)"]);
  });

  it("does not count a disk that is left out of the backup", async () => {
    await open({ limits: { perHost: 0, perDomain: 1 } });
    const claim = await agent("own", "c1");
    await queueOf(["one"]);
    acknowledge(await claim());
    const [manager] = bench.deps.managers.list();
    await insertTask(
      bench.deps.database.queries,
      testTask({
        taskId: "without" as TaskId,
        sessionId: "s1" as SessionId,
        managerId: manager?.record.managerId ?? "",
        vmId: "id-two",
        vmName: "two",
        state: "waiting",
        scope: { v: 1, kind: "backup", excludedDiskIds: ["k2"], codec: "zstd", capture: defaultCapturePolicy },
      }),
    );
    expect(acknowledge(await claim())).toBe("two");
  });

  it("gives the freed place to a restore, though backups wait for longer", async () => {
    await open({ limits: { perHost: 0, perDomain: 1 } });
    const claim = await agent("own", "c1");
    await queueOf(["one", "two"]);
    const first = await claim();
    acknowledge(first);
    await addRestore();
    const words = "waits: storage domain data1 has 1 of 1 tasks (limit per storage domain)";
    expect(await waits()).toStrictEqual([`1 ${words}`, `2 ${words}`]);

    bench.work.fence = "committed";
    await succeed(first);
    await until(async () => {
      expect(acknowledge(await claim())).toBe("back");
    });
  });

  it("counts an attempt that the repository does not settle: on the repository, no more on the engine", async () => {
    await open({ limits: { perManager: 1 } });
    const claim = await agent("own", "c1");
    await queueOf(["one", "two"]);
    const first = await claim();
    acknowledge(first);
    expect(await claim()).toBeUndefined();
    bench.work.fence = "silent";
    await succeed(first);
    await until(() => {
      expect(bench.work.settled).toStrictEqual(["uncertain"]);
    });
    const narrow = { ...bench.deps.settings, limits: { ...bench.deps.settings.limits, perRepository: 1 } };
    expect(await claim({ ...bench.deps, settings: narrow })).toBeUndefined();
    await until(async () => {
      expect(acknowledge(await claim())).toBe("two");
    });
  });
});

describe("a claim's reasons", () => {
  const taskOf = async (): Promise<Task | undefined> =>
    (await listTasksOfSession(bench.deps.database.queries, "s1")).find(({ vmName }) => vmName === "one");

  it("name the wait limit that carried the task past its own cluster's busy agents, as a warning", async () => {
    await open({ waitLimitMs: 1, limits: { perHost: 0 } });
    const claim = await agent("own", "c1", { slots: 1 });
    const other = await agent("other", "c2");
    await queueOf(["two"]);
    acknowledge(await claim());
    expect(await other()).toBeUndefined();
    await bench.begin("s2", ["one"]);
    await until(async () => {
      expect(acknowledge(await other())).toBe("one");
    });
    const [task] = await listTasksOfSession(bench.deps.database.queries, "s2");
    const waited = "all agents of the VM's cluster c1 stayed busy for longer than the wait limit (own)";
    expect(task?.placement).toBe(`other: agent of another cluster of manager one: ${waited}`);
    expect(task?.remarks).toStrictEqual([
      {
        level: "warning",
        code: "WAIT_LIMIT_PASSED",
        message: `${waited}: the task went to another cluster of manager one`,
        diskId: "",
      },
    ]);
  });

  it("do not let a task past its own cluster's busy agents when there is no wait limit", async () => {
    await open({ waitLimitMs: 0, limits: { perHost: 0 } });
    const claim = await agent("own", "c1", { slots: 1 });
    const other = await agent("other", "c2");
    await queueOf(["one", "two"]);
    acknowledge(await claim());
    await until(async () => {
      expect(await waits()).toStrictEqual([
        "1 waits for a free slot: all agents of the VM's cluster c1 are busy (own)",
      ]);
    });
    expect(await other()).toBeUndefined();
  });

  it("name a worker that was passed, as a warning", async () => {
    await open({});
    const other = await agent("other", "c2");
    await queueOf(["one"]);
    const [manager] = bench.deps.managers.list();
    const workers: readonly PlacedWorker[] = [
      testPlacedWorker("w1", `${manager?.record.managerId ?? ""}/c1`, { isEnabled: false }),
    ];
    expect(acknowledge(await other({ ...bench.deps, workers: { placed: () => workers } }))).toBe("one");
    expect((await taskOf())?.remarks.map(({ level, code, message }) => `${level} ${code} ${message}`)).toStrictEqual([
      "warning WORKER_PASSED worker w1 was passed: it is disabled",
    ]);
  });

  it("prefer the agent on the VM's host, and say so", async () => {
    await open({});
    const roomy = await agent("roomy", "c1", { slots: 8 });
    const there = await agent("there", "c1", { hostName: "h-c1", slots: 1 });
    await queueOf(["one"]);
    expect(await roomy()).toBeUndefined();
    expect(acknowledge(await there())).toBe("one");
    expect((await taskOf())?.placement).toBe("there: agent of the VM's cluster c1, on the VM's host h-c1");
  });

  it("give no work to an agent whose worker is not up", async () => {
    await open({});
    const workerId = "abcdefghijkl";
    const claim = await agent(`w${workerId}`, "c1");
    await queueOf(["one"]);
    const [manager] = bench.deps.managers.list();
    const at = (state: PlacedWorker["state"]): WorkDeps => ({
      ...bench.deps,
      workers: {
        placed: () => [testPlacedWorker(workerId, `${manager?.record.managerId ?? ""}/c1`, { state })],
      },
    });
    expect(await claim(at("falling"))).toBeUndefined();
    expect(acknowledge(await claim(at("up")))).toBe("one");
    expect((await taskOf())?.placement).toBe(`w${workerId}: worker of the VM's cluster c1`);
  });
});
