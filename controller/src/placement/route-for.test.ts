import { describe, expect, it } from "vitest";
import type { PlacedAgent } from "./placed-agent.ts";
import { routeFor } from "./route-for.ts";

const host = { name: "h1", address: "10.0.0.1", managerId: "m1", clusterId: "c1" };

const agent = (name: string, facts: Partial<PlacedAgent> = {}): PlacedAgent => ({
  agentId: name,
  name,
  health: "healthy",
  managerId: "m1",
  clusterId: "c2",
  slots: 2,
  busy: 0,
  hostName: "",
  reachableHosts: [],
  diskServiceAddress: "10.0.0.9:7500",
  workerId: "",
  ...facts,
});

const reader = agent("reader");

describe("routeFor", () => {
  it.each([[["*"]], [["h1"]], [["10.0.0.1"]]])("lets an agent that reaches %j read by itself", (reachableHosts) => {
    expect(routeFor(agent("reader", { reachableHosts }), host, [])).toStrictEqual({ kind: "own" });
  });

  it("lets an agent on the host read by itself, but not one on another manager's host of that name", () => {
    expect(routeFor(agent("reader", { hostName: "h1" }), host, []).kind).toBe("own");
    expect(routeFor(agent("reader", { hostName: "h1", managerId: "m2" }), host, []).kind).toBe("proxy");
  });

  it("borrows from an agent that reaches the host, the nearest first", () => {
    const far = agent("far", { managerId: "m2", reachableHosts: ["*"] });
    const near = agent("near", { reachableHosts: ["h1"] });
    const same = agent("same", { clusterId: "c1", reachableHosts: ["h1"] });
    const on = agent("on", { clusterId: "c1", hostName: "10.0.0.1" });
    const lenderOf = (agents: readonly PlacedAgent[]): string | undefined => {
      const route = routeFor(reader, host, agents);
      return route.kind === "loan" ? route.lender.name : undefined;
    };
    expect(lenderOf([far])).toBe("far");
    expect(lenderOf([far, near])).toBe("near");
    expect(lenderOf([far, near, same])).toBe("same");
    expect(lenderOf([far, near, same, on])).toBe("on");
  });

  it("borrows from a busy agent too, since lending takes no slot, but from the least busy", () => {
    const one = agent("one", { reachableHosts: ["h1"], busy: 2 });
    const two = agent("two", { reachableHosts: ["h1"], busy: 1 });
    expect(routeFor(reader, host, [one, two])).toMatchObject({ kind: "loan", lender: { name: "two" } });
  });

  it.each([
    ["silent", { health: "silent" as const }],
    ["draining", { health: "draining" as const }],
    ["a worker's, which may be suspended meanwhile", { workerId: "w1" }],
    ["serving no disks", { diskServiceAddress: "" }],
    ["not reaching the host", { reachableHosts: ["h2"] }],
  ])("does not borrow from an agent that is %s: the engine's proxy is left", (_why, facts) => {
    expect(routeFor(reader, host, [agent("other", { reachableHosts: ["h1"], ...facts })])).toStrictEqual({
      kind: "proxy",
    });
  });

  it("does not borrow from itself", () => {
    expect(routeFor(reader, host, [reader]).kind).toBe("proxy");
  });

  it("offers an agent nothing that it avoids", () => {
    const lender = agent("lender", { reachableHosts: ["h1"] });
    const near = agent("reader", { reachableHosts: ["h1"] });
    const on = agent("reader", { hostName: "h1" });
    const kindFor = (who: PlacedAgent, ...avoided: string[]): string =>
      routeFor(who, host, [lender], new Set(avoided)).kind;
    expect(kindFor(near, "direct")).toBe("loan");
    expect(kindFor(near, "direct", "stream")).toBe("proxy");
    expect(kindFor(reader, "stream")).toBe("proxy");
    expect(kindFor(on, "direct")).toBe("own");
    expect(kindFor(on, "direct", "socket")).toBe("loan");
  });
});
