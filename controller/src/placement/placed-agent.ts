/**
 * Whether an agent can be given work: it said hello lately · not lately enough · for a cluster that nobody knows · in a version
 * that this controller does not work with · on its way out, ending what it holds · it was revoked.
 */
export type AgentHealth = "healthy" | "silent" | "unplaced" | "incompatible" | "draining" | "revoked";

/** An agent as placement and routes see it. */
export interface PlacedAgent {
  readonly agentId: string;
  readonly name: string;
  readonly health: AgentHealth;
  /** Empty while unplaced. */
  readonly managerId: string;
  readonly clusterId: string;
  /** Room for tasks, and how much of it is taken by open attempts. */
  readonly slots: number;
  readonly busy: number;
  /** The engine's host that it runs on, by name or address; empty for none. */
  readonly hostName: string;
  /** Host names or addresses it reaches on imageio's port; `*` for all. */
  readonly reachableHosts: readonly string[];
  /** Where its DiskService listens; empty for none. */
  readonly diskServiceAddress: string;
  /** The worker that runs it; empty for an agent that no worker VM runs. */
  readonly workerId: string;
}

/** True while it has room for one more task. */
export const isFree = ({ slots, busy }: PlacedAgent): boolean => busy < slots;
