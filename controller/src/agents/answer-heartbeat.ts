import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AttemptProgress,
  HeartbeatRequest,
  HeartbeatResponseSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { endCodeOf } from "./answer-orders.ts";
import { toProgress } from "./to-totals.ts";
import { rememberUnknown } from "./unknown-attempts.ts";
import { type AskedFrom, type VerbDeps, askingAgent, findTry } from "./verb-deps.ts";

/** Verb `heartbeat`: keeps attempts alive, takes their progress, answers which must end now (A4, A5, A8). */
export const answerHeartbeat = async (
  deps: VerbDeps,
  request: HeartbeatRequest,
  from: AskedFrom,
): Promise<MessageInitShape<typeof HeartbeatResponseSchema>> => {
  const agentId = askingAgent(from, request.agentId);
  const ended: { attemptId: string; code: string }[] = [];
  for (const progress of request.attempts) {
    const code = await heed(deps, { agentId, incarnation: request.incarnation, progress });
    if (code !== null) ended.push({ attemptId: progress.attemptId, code });
  }
  return { v: 1, ended };
};

interface Beat {
  readonly agentId: string;
  readonly incarnation: string;
  readonly progress: AttemptProgress;
}

/** Null for an attempt that may go on, else the code why it must end. */
const heed = async (deps: VerbDeps, { agentId, incarnation, progress }: Beat): Promise<string | null> => {
  const found = await findTry(deps, progress.attemptId);
  if (found === undefined) {
    await rememberUnknown(deps, { taskId: progress.taskId, number: progress.number, attemptId: progress.attemptId });
    return "ATTEMPT_UNKNOWN";
  }
  const { attempt, task } = found;
  if (attempt.agentId !== agentId || attempt.incarnation !== incarnation) return "ATTEMPT_UNKNOWN";
  if (attempt.state !== "open") return endCodeOf(found);
  deps.liveness.heard(attempt.attemptId);
  deps.progress.tell(attempt.attemptId, toProgress(progress));
  deps.changes.changed(task.sessionId);
  return null;
};
