import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import type { Queries } from "../database/database.ts";
import type { Attempt } from "../sessions/attempt.ts";
import { agentIdOfWorker } from "./worker.ts";

/** The open and unsettled attempts of a worker's agent. */
export const attemptsOfWorker = async (queries: Queries, workerId: string): Promise<readonly Attempt[]> => {
  const agentId = agentIdOfWorker(workerId);
  return (await listUnfinishedAttempts(queries)).filter((attempt) => attempt.agentId === agentId);
};

/** Ids of the workers whose agents hold an open or unsettled attempt. */
export const busyWorkers = async (queries: Queries, workerIds: readonly string[]): Promise<ReadonlySet<string>> => {
  const agentIds = new Set<string>((await listUnfinishedAttempts(queries)).map(({ agentId }) => agentId));
  return new Set(workerIds.filter((workerId) => agentIds.has(agentIdOfWorker(workerId))));
};
