import type { Fleet } from "../placement/fleet.ts";
import type { PlacedAgent } from "../placement/placed-agent.ts";
import type { PlacedWorker } from "../placement/placed-worker.ts";
import type { PlacementTask } from "../placement/placement-task.ts";

/** A backup of a VM in cluster alpha (`c1`) of manager one (`m1`), for tests. */
export const testPlacementTask = (facts: Partial<PlacementTask> = {}): PlacementTask => ({
  isRestore: false,
  managerId: "m1",
  clusterId: "c1",
  managerName: "one",
  clusterName: "alpha",
  hostNames: [],
  ...facts,
});

/** A healthy agent with one free slot at `manager/cluster`, for tests. */
export const testPlacedAgent = (name: string, where = "m1/c1", facts: Partial<PlacedAgent> = {}): PlacedAgent => ({
  agentId: name,
  name,
  health: "healthy",
  ...idsOf(where),
  slots: 1,
  busy: 0,
  hostName: "",
  reachableHosts: ["*"],
  diskServiceAddress: "",
  workerId: "",
  ...facts,
});

/** A sleeping worker of four slots at `manager/cluster`, for tests. */
export const testPlacedWorker = (name: string, where = "m1/c1", facts: Partial<PlacedWorker> = {}): PlacedWorker => ({
  workerId: name,
  name,
  ...idsOf(where),
  slots: 4,
  isEnabled: true,
  unhealthyReason: "",
  state: "asleep",
  ...facts,
});

/** The agent that such a worker runs while it is up, for tests. */
export const testAgentOf = (
  { workerId, name, managerId, clusterId, slots }: PlacedWorker,
  facts: Partial<PlacedAgent> = {},
): PlacedAgent =>
  testPlacedAgent(name, `${managerId}/${clusterId}`, { agentId: `w${workerId}`, workerId, slots, ...facts });

/** A fleet to which nothing was given on paper, for tests. */
export const testFleet = (agents: readonly PlacedAgent[], workers: readonly PlacedWorker[] = []): Fleet => ({
  agents,
  workers,
  given: new Map(),
});

const idsOf = (where: string): { readonly managerId: string; readonly clusterId: string } => {
  const [managerId = "", clusterId = ""] = where.split("/");
  return { managerId, clusterId };
};
