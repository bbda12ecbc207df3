import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  Remark as RemarkMessage,
  ReportRequest,
  ReportResponseSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Ending } from "../sessions/attempt.ts";
import { endAttempt } from "../sessions/end-attempt.ts";
import { remarkTask } from "../sessions/finish-task.ts";
import type { Remark } from "../sessions/remark.ts";
import type { Task } from "../sessions/task.ts";
import { toProgress } from "./to-totals.ts";
import { rememberUnknown } from "./unknown-attempts.ts";
import { type AskedFrom, type VerbDeps, askingAgent, findTry } from "./verb-deps.ts";

/** Verb `report`: how an attempt ended, in its agent's words; the fence has the last (A6). Repeated, it changes nothing. */
export const answerReport = async (
  deps: VerbDeps,
  request: ReportRequest,
  from: AskedFrom,
): Promise<MessageInitShape<typeof ReportResponseSchema>> => {
  const agentId = askingAgent(from, request.agentId);
  const found = await findTry(deps, request.attemptId);
  if (found === undefined) {
    const { taskId = "", number = 0 } = request.progress ?? {};
    await rememberUnknown(deps, { taskId, number, attemptId: request.attemptId });
    return { v: 1 };
  }
  const { attempt, task } = found;
  if (attempt.agentId !== agentId || attempt.state !== "open") return { v: 1 };
  if (request.progress !== undefined) deps.progress.tell(attempt.attemptId, toProgress(request.progress));
  await keepWarnings(deps, task, request.warnings);
  await endAttempt(deps, attempt.attemptId, toEnding(request));
  deps.tickets.drop(attempt.attemptId);
  deps.runner.interrupt(task.taskId);
  return { v: 1 };
};

/** The attempt is over, or its agent is: another one may succeed all the same. */
const saysNothingOfTheTask: ReadonlySet<string> = new Set(["ATTEMPT_FENCED", "IDENTITY_REVOKED"]);

const toEnding = ({ outcome }: ReportRequest): Ending => {
  if (outcome.case === "succeeded")
    return { v: 1, cause: "succeeded", code: "", message: "the agent reported success", retryable: true };
  if (outcome.case === "failed") {
    const { code, message, retryable, highestAttempt } = outcome.value;
    return {
      v: 1,
      cause: "failed",
      code: code === "" ? "INTERNAL" : code,
      message,
      retryable: retryable || saysNothingOfTheTask.has(code),
      ...(code === "ATTEMPT_FENCED" && highestAttempt > 0 ? { highestAttempt } : {}),
    };
  }
  return {
    v: 1,
    cause: "failed",
    code: "INVALID_ARGUMENT",
    message: "the agent reported no outcome",
    retryable: false,
  };
};

const keepWarnings = async (deps: VerbDeps, task: Task, warnings: readonly RemarkMessage[]): Promise<void> => {
  if (warnings.length === 0) return;
  const told = warnings
    .slice(0, 200)
    .map(({ code, message, diskId }): Remark => ({ level: "warning", code, message, diskId }));
  await deps.database.inTransaction((queries) => remarkTask(queries, task, told));
};
