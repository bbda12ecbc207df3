import { type PlacedAgent, agentIdOfWorker } from "./placed-agent.ts";
import type { PlacedWorker } from "./placed-worker.ts";

/** Everybody who may be given work, and what was given out on paper by tasks that stand earlier in the queue. */
export interface Fleet {
  readonly agents: readonly PlacedAgent[];
  readonly workers: readonly PlacedWorker[];
  /** Tasks by agent id; a worker that is not up yet is known by the id that its agent is going to have. */
  readonly given: ReadonlyMap<string, number>;
}

/** How many more tasks an agent takes. */
export const roomOf = ({ given }: Pick<Fleet, "given">, { agentId, slots, busy }: PlacedAgent): number =>
  slots - busy - (given.get(agentId) ?? 0);

/** How many more tasks a worker is going to take when it is up; attempts of its agent that are still open count. */
export const roomOfWorker = ({ agents, given }: Fleet, { workerId, slots }: PlacedWorker): number => {
  const agentId = agentIdOfWorker(workerId);
  const busy = agents.find((agent) => agent.agentId === agentId)?.busy ?? 0;
  return slots - busy - (given.get(agentId) ?? 0);
};

/** The fleet with one more task given to this agent. */
export const withOneMore = (fleet: Fleet, agentId: string): Fleet => ({
  ...fleet,
  given: new Map(fleet.given).set(agentId, (fleet.given.get(agentId) ?? 0) + 1),
});

/** True when a task was given to this worker on paper. */
export const isPromised = ({ given }: Pick<Fleet, "given">, { workerId }: PlacedWorker): boolean =>
  (given.get(agentIdOfWorker(workerId)) ?? 0) > 0;
