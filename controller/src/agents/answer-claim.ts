import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ClaimRequest, type ClaimResponseSchema, TaskKind } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { correlationIdOf } from "../hypervisor/marks.ts";
import { ownerOf } from "../backups/owner-of.ts";
import { claimTask } from "../sessions/claim-task.ts";
import type { TaskScope } from "../sessions/task-scope.ts";
import { type AskedFrom, type VerbDeps, askingAgent } from "./verb-deps.ts";

/** Verb `claim`: a task for a free slot. An agent that has not said hello in this life gets none. */
export const answerClaim = async (
  deps: VerbDeps,
  request: ClaimRequest,
  from: AskedFrom,
): Promise<MessageInitShape<typeof ClaimResponseSchema>> => {
  const agent = deps.agents.find(askingAgent(from, request.agentId));
  if (agent?.health !== "healthy" || agent.incarnation !== request.incarnation) return { v: 1 };
  const allotted = await claimTask(deps, {
    agentId: agent.agentId,
    agentName: agent.name,
    incarnation: agent.incarnation,
    freeSlots: request.freeSlots,
  });
  if (allotted === undefined) return { v: 1 };
  const { attempt, task } = allotted;
  deps.runner.poke(task.taskId);
  return {
    v: 1,
    attempt: {
      taskId: task.taskId,
      number: attempt.number,
      attemptId: attempt.attemptId,
      sessionId: task.sessionId,
      kind: taskKinds[task.scope.kind],
      vmName: task.vmName,
      correlationId: correlationIdOf(ownerOf(deps.installationId, attempt)),
    },
  };
};

const taskKinds = {
  backup: TaskKind.BACKUP,
  copy: TaskKind.COPY,
  "restore-vm": TaskKind.RESTORE,
  "restore-disk": TaskKind.RESTORE,
} as const satisfies Record<TaskScope["kind"], TaskKind>;
