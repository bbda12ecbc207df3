import { describe, expect, it } from "vitest";
import type { PlacedAgent } from "../placement/placed-agent.ts";
import { type QueuedTask, firstFor, inOrder, judgeQueue } from "./queue.ts";

const queued = (taskId: string, facts: Partial<QueuedTask> = {}): QueuedTask => ({
  taskId,
  isRestore: false,
  queuedMs: 0,
  position: 0,
  restsMs: 0,
  blockedBy: "",
  target: { managerId: "m1", clusterId: "c1", managerName: "one", clusterName: "alpha" },
  ...facts,
});

const agent = (agentId: string, clusterId: string, busy = 0): PlacedAgent => ({
  agentId,
  name: agentId,
  health: "healthy",
  managerId: "m1",
  clusterId,
  slots: 1,
  busy,
  hostName: "",
  reachableHosts: ["*"],
  diskServiceAddress: "",
  workerId: "",
});

describe("the queue", () => {
  it("serves restores before backups, then the longest waiting, then by position", () => {
    const tasks = [
      queued("late", { queuedMs: 9 }),
      queued("second", { position: 1 }),
      queued("first"),
      queued("restore", { isRestore: true, queuedMs: 99 }),
    ];
    expect(inOrder(tasks).map(({ taskId }) => taskId)).toStrictEqual(["restore", "first", "second", "late"]);
  });

  it("gives a task only to an agent that placement names", () => {
    const verdicts = judgeQueue([queued("t")], [agent("own", "c1"), agent("other", "c2")]);
    expect(firstFor("own", verdicts)?.task.taskId).toBe("t");
    expect(firstFor("other", verdicts)).toBeUndefined();
  });

  it("passes over a task whose VM is held, and says by whom", () => {
    const verdicts = judgeQueue(
      [
        queued("held", { blockedBy: "waits for a task of session s (running), which works on this VM" }),
        queued("next", { queuedMs: 1 }),
      ],
      [agent("own", "c1")],
    );
    expect(firstFor("own", verdicts)?.task.taskId).toBe("next");
    expect(verdicts[0]?.words).toBe("waits for a task of session s (running), which works on this VM");
  });

  it("passes over a task that rests before its next attempt", () => {
    const verdicts = judgeQueue([queued("resting", { restsMs: 1_500 })], [agent("own", "c1")]);
    expect(firstFor("own", verdicts)).toBeUndefined();
    expect(verdicts[0]?.words).toBe("rests 2 s before another attempt");
  });

  it("numbers places from 1 and says that all are busy", () => {
    const verdicts = judgeQueue([queued("a"), queued("b", { queuedMs: 1 })], [agent("own", "c1", 1)]);
    expect(verdicts.map(({ place }) => place)).toStrictEqual([1, 2]);
    expect(verdicts[1]?.words).toContain("all agents of the VM's cluster alpha are busy (own)");
  });
});
