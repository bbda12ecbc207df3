import type { HelloRequest, HelloResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { AgentId } from "@holdfast/shared/ids/ids";
import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import { loseAttempt } from "./lose-attempt.ts";
import type { AgentRecord } from "./agent-record.ts";
import { type AskedFrom, type VerbDeps, askingAgent } from "./verb-deps.ts";

/** Verb `hello`: an agent lives. A new life of it has lost what the former one held. */
export const hearHello = async (
  deps: VerbDeps,
  request: HelloRequest,
  from: AskedFrom,
): Promise<MessageInitShape<typeof HelloResponseSchema>> => {
  const record = toRecord(request, askingAgent(from, request.agentId), deps.clock.nowMs());
  const { agent, isNewLife } = await deps.agents.hear(record);
  if (isNewLife) await loseFormerLife(deps, agent);
  return {
    v: 1,
    installationId: deps.installationId,
    managerId: agent.managerId,
    clusterId: agent.clusterId,
    heartbeatTimeoutMs: deps.heartbeatTimeoutMs,
    heartbeatIntervalMs: deps.heartbeatIntervalMs,
  };
};

const mostSlots = 64;

const toRecord = (request: HelloRequest, agentId: string, seenMs: number): AgentRecord => {
  if (request.incarnation === "") throw new HoldfastError("INVALID_ARGUMENT", `agent ${agentId} named no incarnation`);
  return {
    agentId: agentId as AgentId,
    name: request.name === "" ? agentId : request.name,
    version: request.version,
    incarnation: request.incarnation,
    managerName: request.managerName,
    clusterName: request.clusterName,
    hostName: request.hostName,
    slots: Math.min(request.slots, mostSlots),
    diskServiceAddress: request.diskServiceAddress,
    reachableHosts: request.reachableHosts,
    startedMs: Number(request.startedMs),
    seenMs,
  };
};

const loseFormerLife = async (
  deps: VerbDeps,
  agent: Pick<AgentRecord, "agentId" | "name" | "incarnation">,
): Promise<void> => {
  const message = `agent ${agent.name} was started anew and lost the attempt`;
  for (const attempt of await listUnfinishedAttempts(deps.database.queries)) {
    if (attempt.state !== "open" || attempt.agentId !== agent.agentId || attempt.incarnation === agent.incarnation)
      continue;
    await loseAttempt(deps, attempt.attemptId, message);
  }
};
