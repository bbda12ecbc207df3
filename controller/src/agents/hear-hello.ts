import type { HelloRequest, HelloResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { AgentId } from "@holdfast/shared/ids/ids";
import { assertCompatible } from "@holdfast/shared/version/compatible";
import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import { meetAgent } from "../identity/meet-agent.ts";
import { loseAttempt } from "./lose-attempt.ts";
import type { AgentRecord } from "./agent-record.ts";
import { type AskedFrom, type VerbDeps, askingAgent } from "./verb-deps.ts";

/**
 * Verb `hello`: an agent lives. A new life of it has lost what the former one held. One of a version that this controller does not work
 * with is shown to operators, and told VERSION_UNSUPPORTED.
 */
export const hearHello = async (
  deps: VerbDeps,
  request: HelloRequest,
  from: AskedFrom,
): Promise<MessageInitShape<typeof HelloResponseSchema>> => {
  const agentId = askingAgent(from, request.agentId);
  await meetAgent({ ...deps.identity, clock: deps.clock, log: deps.log }, agentId, request);
  const record = toRecord(deps, request, agentId);
  const { agent, isNewLife } = await deps.agents.hear(record);
  if (isNewLife) await loseFormerLife(deps, agent);
  assertCompatible(`agent ${agent.name}`, agent.version);
  return {
    v: 1,
    installationId: deps.installationId,
    managerId: agent.managerId,
    clusterId: agent.clusterId,
    heartbeatTimeoutMs: deps.heartbeatTimeoutMs,
    heartbeatIntervalMs: deps.heartbeatIntervalMs,
    trust: deps.identity.authority.trust.signed,
  };
};

const mostSlots = 64;
const mostRefusalText = 500;

/** Name and place are what its membership says; an agent's own word counts only where that says nothing. */
const toRecord = (deps: VerbDeps, request: HelloRequest, agentId: string): AgentRecord => {
  if (request.incarnation === "") throw new HoldfastError("INVALID_ARGUMENT", `agent ${agentId} named no incarnation`);
  const member = deps.identity.members.find("agent", agentId);
  const isPlaced = member !== undefined && member.managerName !== "";
  const said = request.name === "" ? agentId : request.name;
  return {
    agentId: agentId as AgentId,
    name: member?.name ?? said,
    version: request.version,
    incarnation: request.incarnation,
    managerName: isPlaced ? member.managerName : request.managerName,
    clusterName: isPlaced ? member.clusterName : request.clusterName,
    hostName: request.hostName,
    slots: Math.min(request.slots, mostSlots),
    diskServiceAddress: request.diskServiceAddress,
    reachableHosts: request.reachableHosts,
    startedMs: Number(request.startedMs),
    isDraining: request.draining,
    refusal: request.refusal.slice(0, mostRefusalText),
    seenMs: deps.clock.nowMs(),
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
