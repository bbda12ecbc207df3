import { agentOf } from "@holdfast/shared/bus/subjects";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { findAttempt } from "../database/attempts-table.ts";
import { findSession } from "../database/sessions-table.ts";
import { findTask } from "../database/tasks-table.ts";
import { type StepDeps, workOf } from "../sessions/step-task.ts";
import type { TaskRunner } from "../sessions/task-runner.ts";
import type { TaskWork, Try } from "../sessions/task-work.ts";
import type { TicketBox } from "./tickets.ts";

/** What answering agents needs. */
export interface VerbDeps extends StepDeps {
  readonly tickets: TicketBox;
  readonly runner: Pick<TaskRunner, "poke" | "interrupt">;
  readonly heartbeatTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
}

/** Where a request came from: its subject, which the bus lets only that agent publish. */
export interface AskedFrom {
  readonly subject: string;
}

/** The agent that asks; INVALID_ARGUMENT when the message names another than its subject. */
export const askingAgent = ({ subject }: AskedFrom, agentId: string): string => {
  const asking = agentOf(subject);
  if (asking !== agentId) throw new HoldfastError("INVALID_ARGUMENT", `agent ${asking} speaks for agent ${agentId}`);
  return asking;
};

/** An attempt with its task, session and kind of work; undefined when the database does not have it (A8). */
export const findTry = async (
  deps: StepDeps,
  attemptId: string,
): Promise<(Try & { readonly work: TaskWork }) | undefined> => {
  const { queries } = deps.database;
  const attempt = await findAttempt(queries, attemptId);
  const task = attempt === undefined ? undefined : await findTask(queries, attempt.taskId);
  const session = task === undefined ? undefined : await findSession(queries, task.sessionId);
  if (attempt === undefined || task === undefined || session === undefined) return undefined;
  return { attempt, task, session, work: workOf(deps, task) };
};

/** The try that this agent holds; ATTEMPT_UNKNOWN when it does not hold it. */
export const tryOfAgent = async (
  deps: StepDeps,
  attemptId: string,
  agentId: string,
): Promise<Try & { readonly work: TaskWork }> => {
  const found = await findTry(deps, attemptId);
  if (found === undefined || found.attempt.agentId !== agentId) {
    throw new HoldfastError("ATTEMPT_UNKNOWN", `agent ${agentId} holds no attempt ${attemptId}`, {
      details: { attempt: attemptId },
    });
  }
  return found;
};
