import { workerIdOfAgent } from "../placement/placed-agent.ts";
import type { Attempt } from "./attempt.ts";
import type { QueueVerdict } from "./queue.ts";

/**
 * The workers that are to be up: those that a waiting task is given to, and those that hold an attempt which is open or not
 * settled. A task that a limit holds, or that rests, launches no worker but keeps one that is on its way or up.
 */
export const neededWorkers = (
  verdicts: readonly QueueVerdict[],
  unfinished: readonly Pick<Attempt, "agentId">[],
): ReadonlySet<string> =>
  new Set(
    [...verdicts.map(wantedBy), ...unfinished.map(({ agentId }) => workerIdOfAgent(agentId))].filter((id) => id !== ""),
  );

const wantedBy = ({ placement, standing }: QueueVerdict): string => {
  if (placement.kind === "free") return placement.agents[0]?.workerId ?? "";
  const [worker] = placement.kind === "launch" ? placement.workers : [];
  if (worker === undefined) return "";
  const isAwake = worker.state === "rising" || worker.state === "up";
  return standing === "ready" || isAwake ? worker.workerId : "";
};
