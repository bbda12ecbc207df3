import type { MessageInitShape } from "@bufbuild/protobuf";
import { AgentService, type AgentSchema } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { productVersion } from "@holdfast/shared/version/product-version";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import type { KnownAgent } from "../../agents/agent-registry.ts";
import { listUnfinishedAttempts } from "../../database/attempts-table.ts";
import type { Attempt } from "../../sessions/attempt.ts";
import type { ApiDeps } from "../api-deps.ts";

/** `holdfast.controller.v1.AgentService`. */
export const serveAgentList = (deps: ApiDeps): ServedService =>
  serveService(AgentService, {
    listAgents: async () => {
      const attempts = await listUnfinishedAttempts(deps.database.queries);
      return { agents: deps.agents.list().map((agent) => toAgent(deps, agent, attempts)) };
    },
    getAgent: async ({ agent: idOrName }) => {
      const agent = deps.agents.find(idOrName);
      if (agent === undefined)
        throw new HoldfastError("NOT_FOUND", `no agent ${idOrName}`, { details: { agent: idOrName } });
      return { agent: toAgent(deps, agent, await listUnfinishedAttempts(deps.database.queries)) };
    },
  });

const toAgent = (
  { workers }: Pick<ApiDeps, "workers">,
  agent: KnownAgent,
  attempts: readonly Attempt[],
): MessageInitShape<typeof AgentSchema> => {
  const held = attempts.filter(({ agentId, state }) => agentId === agent.agentId && state === "open");
  return {
    agentId: agent.agentId,
    name: agent.name,
    version: agent.version,
    ...(isAsleep(workers, agent) ? asleep : { state: agent.health, stateReason: reasonOf(agent) }),
    managerName: agent.managerName,
    clusterName: agent.clusterName,
    hostName: agent.hostName,
    slots: agent.slots,
    busySlots: held.length,
    lastSeenMs: BigInt(agent.seenMs),
    startedMs: BigInt(agent.startedMs),
    tasks: held.map(({ taskId }) => taskId),
    diskServiceAddress: agent.diskServiceAddress,
    certificateExpiresMs: BigInt(agent.certificateExpiresMs),
    workerId: agent.workerId,
  };
};

const asleep = { state: "asleep", stateReason: "its worker is down until something needs it" };

/** Silence is as it should be while the worker that runs an agent is down. */
const isAsleep = (workers: ApiDeps["workers"], { health, workerId }: KnownAgent): boolean =>
  health === "silent" && workers.placed().some((worker) => worker.workerId === workerId && worker.state === "asleep");

const reasonOf = ({ health, managerName, clusterName, version, refusal }: KnownAgent): string => {
  switch (health) {
    case "healthy":
      return "";
    case "silent":
      return "it has not said hello lately";
    case "unplaced":
      return `no connected manager ${managerName} has a cluster ${clusterName}`;
    case "incompatible":
      return `it has version ${version === "" ? "unknown" : version}, the controller ${productVersion}: at most one minor version apart`;
    case "refusing":
      return refusal;
    case "draining":
      return "it ends what it holds and takes nothing new";
    case "revoked":
      return "an operator revoked it";
  }
};
