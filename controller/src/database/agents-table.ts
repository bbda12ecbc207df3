import type { AgentId } from "@holdfast/shared/ids/ids";
import * as z from "zod";
import type { AgentRecord } from "../agents/agent-record.ts";
import type { Queries } from "./database.ts";
import { fromJson, toJson } from "./json.ts";
import type { AgentRow } from "./schema.ts";

const toRow = (agent: AgentRecord): AgentRow => ({
  agent_id: agent.agentId,
  name: agent.name,
  version: agent.version,
  incarnation: agent.incarnation,
  manager_name: agent.managerName,
  cluster_name: agent.clusterName,
  host_name: agent.hostName,
  slots: agent.slots,
  disk_service_address: agent.diskServiceAddress,
  reachable_hosts: toJson(agent.reachableHosts),
  started_ms: agent.startedMs,
  seen_ms: agent.seenMs,
});

const fromRow = (row: AgentRow): AgentRecord => ({
  agentId: row.agent_id as AgentId,
  name: row.name,
  version: row.version,
  incarnation: row.incarnation,
  managerName: row.manager_name,
  clusterName: row.cluster_name,
  hostName: row.host_name,
  slots: row.slots,
  diskServiceAddress: row.disk_service_address,
  reachableHosts: fromJson(z.array(z.string()), row.reachable_hosts, "agents.reachable_hosts"),
  startedMs: row.started_ms,
  // Not kept: whoever still drains or refuses says so in its next hello.
  isDraining: false,
  refusal: "",
  seenMs: row.seen_ms,
});

/** Writes what an agent said of itself. */
export const saveAgent = async (queries: Queries, agent: AgentRecord): Promise<void> => {
  const { agent_id: _id, ...changed } = toRow(agent);
  await queries
    .insertInto("agents")
    .values(toRow(agent))
    .onConflict((conflict) => conflict.column("agent_id").doUpdateSet(changed))
    .execute();
};

/** All agents that ever said hello, by name. */
export const listAgents = async (queries: Queries): Promise<readonly AgentRecord[]> =>
  (await queries.selectFrom("agents").selectAll().orderBy("name").orderBy("agent_id").execute()).map(fromRow);

/** Forgets an agent; one that is not there is forgotten already. Its membership stays. */
export const removeAgent = async (queries: Queries, agentId: string): Promise<void> => {
  await queries.deleteFrom("agents").where("agent_id", "=", agentId).execute();
};
