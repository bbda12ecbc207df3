import { describe, expect, it } from "vitest";
import { type PlacementTask, place } from "./place.ts";
import type { AgentHealth, PlacedAgent } from "./placed-agent.ts";

const task: PlacementTask = { managerId: "m1", clusterId: "c1", managerName: "one", clusterName: "alpha" };

const agent = (name: string, place: string, facts: Partial<PlacedAgent> = {}): PlacedAgent => {
  const [managerId = "", clusterId = ""] = place.split("/");
  return {
    agentId: name,
    name,
    health: "healthy",
    managerId,
    clusterId,
    slots: 1,
    busy: 0,
    hostName: "",
    reachableHosts: ["*"],
    diskServiceAddress: "",
    workerId: "",
    ...facts,
  };
};

const busy = { busy: 1 };
const silent: { health: AgentHealth } = { health: "silent" };

describe("place", () => {
  it("takes an agent of the VM's own cluster, though others are free", () => {
    const placement = place(task, [agent("b", "m1/c2"), agent("a", "m1/c1"), agent("c", "m2/c1")]);
    expect(placement).toMatchObject({ kind: "free", level: "own-cluster", agents: [{ name: "a" }] });
    expect(placement.words).toBe("agent of the VM's cluster alpha");
  });

  it("waits when all agents of the own cluster are busy, though others are free", () => {
    const placement = place(task, [agent("a", "m1/c1", busy), agent("b", "m1/c2"), agent("c", "m2/c9")]);
    expect(placement).toMatchObject({ kind: "busy", level: "own-cluster" });
    expect(placement.words).toBe("all agents of the VM's cluster alpha are busy (a)");
  });

  it("falls through to another cluster of the manager when the own one has no agent, and says so", () => {
    const placement = place(task, [agent("b", "m1/c2"), agent("c", "m2/c1")]);
    expect(placement).toMatchObject({ kind: "free", level: "other-cluster", agents: [{ name: "b" }] });
    expect(placement.words).toBe("agent of another cluster of manager one: the VM's cluster alpha has no agent");
  });

  it("falls through when the own cluster's agents are all silent, and names them", () => {
    const placement = place(task, [agent("a", "m1/c1", silent), agent("b", "m1/c2")]);
    expect(placement).toMatchObject({ kind: "free", level: "other-cluster" });
    expect(placement.words).toContain("the VM's cluster alpha has no healthy agent (silent: a)");
  });

  it("does not count a silent agent beside a busy healthy one: it waits", () => {
    const placement = place(task, [agent("a", "m1/c1", silent), agent("a2", "m1/c1", busy), agent("b", "m1/c2")]);
    expect(placement).toMatchObject({ kind: "busy", level: "own-cluster" });
  });

  it("goes to another manager when this one has nobody healthy", () => {
    const placement = place(task, [agent("a", "m1/c1", silent), agent("b", "m1/c2", silent), agent("c", "m2/c1")]);
    expect(placement).toMatchObject({ kind: "free", level: "other-manager", agents: [{ name: "c" }] });
  });

  it("waits for another manager's agents when they are the only ones and busy", () => {
    expect(place(task, [agent("c", "m2/c1", busy)])).toMatchObject({ kind: "busy", level: "other-manager" });
  });

  it("finds nobody when none is deployed, none healthy, or none placed", () => {
    expect(place(task, []).kind).toBe("nobody");
    expect(place(task, [agent("a", "m1/c1", silent)]).kind).toBe("nobody");
    expect(place(task, [agent("u", "m1/c1", { health: "unplaced" })]).kind).toBe("nobody");
  });

  it("prefers the agent with the most room, then the name", () => {
    const agents = [agent("b", "m1/c1"), agent("a", "m1/c1"), agent("roomy", "m1/c1", { slots: 4, busy: 1 })];
    const placement = place(task, agents);
    expect(placement.kind === "free" && placement.agents.map(({ name }) => name)).toStrictEqual(["roomy", "a", "b"]);
  });

  it("never skips a level that has a healthy agent, whatever the others are", () => {
    const conditions: Partial<PlacedAgent>[] = [{}, busy, silent];
    const levels = ["m1/c1", "m1/c2", "m2/c1"];
    const pick = (code: number, index: number): Partial<PlacedAgent> | undefined =>
      conditions[Math.floor(code / 4 ** index) % 4];
    for (let code = 0; code < 4 ** 3; code += 1) {
      const agents = levels.flatMap((level, index) => {
        const condition = pick(code, index);
        return condition === undefined ? [] : [agent(level, level, condition)];
      });
      const first = agents.find(({ health }) => health === "healthy");
      const expected = first === undefined ? "nobody" : first.busy === 0 ? "free" : "busy";
      const placement = place(task, agents);
      expect(placement.kind).toBe(expected);
      const named = placement.kind === "nobody" ? [] : placement.agents.map(({ name }) => name);
      expect(named).toStrictEqual(first === undefined ? [] : [first.name]);
    }
  });
});
