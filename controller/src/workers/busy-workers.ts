import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import type { Queries } from "../database/database.ts";
import type { Attempt } from "../sessions/attempt.ts";
import { agentIdOfWorker } from "../placement/placed-agent.ts";

/** The open and unsettled attempts of a worker's agent. */
export const attemptsOfWorker = async (queries: Queries, workerId: string): Promise<readonly Attempt[]> => {
  const agentId = agentIdOfWorker(workerId);
  return (await listUnfinishedAttempts(queries)).filter((attempt) => attempt.agentId === agentId);
};
