import type { AgentId } from "@holdfast/shared/ids/ids";

/**
 * Whether an agent can be given work: it said hello lately · not lately enough · for a cluster that nobody knows · in a version
 * that this controller does not work with · it does not work for this controller · on its way out, ending what it holds · it was
 * revoked.
 */
export type AgentHealth = "healthy" | "silent" | "unplaced" | "incompatible" | "refusing" | "draining" | "revoked";

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

/** The worker whose agent has this id; empty for an agent that no worker VM runs. */
export const workerIdOfAgent = (agentId: string): string => (/^w[0-9a-z]{12}$/.test(agentId) ? agentId.slice(1) : "");

/** The id of a worker's agent. */
export const agentIdOfWorker = (workerId: string): AgentId => `w${workerId}` as AgentId;
