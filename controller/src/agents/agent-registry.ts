import type { Clock } from "@holdfast/shared/clock/clock";
import { listAgents, removeAgent, saveAgent } from "../database/agents-table.ts";
import type { Database } from "../database/database.ts";
import type { MemberRegistry } from "../identity/member-registry.ts";
import { isCompatible } from "@holdfast/shared/version/compatible";
import { productVersion } from "@holdfast/shared/version/product-version";
import { type AgentHealth, type PlacedAgent, workerIdOfAgent } from "../placement/placed-agent.ts";
import type { AgentRecord } from "./agent-record.ts";

/** Where a manager and cluster of these names are; null while nobody knows them. */
export type FindCluster = (
  managerName: string,
  clusterName: string,
) => { readonly managerId: string; readonly clusterId: string } | null;

/** An agent as it is now. */
export interface KnownAgent extends AgentRecord {
  readonly health: AgentHealth;
  /** Empty while unplaced. */
  readonly managerId: string;
  readonly clusterId: string;
  /** Set for the agent of a worker VM. */
  readonly workerId: string;
  /** End of its certificate; 0 when it is no member. */
  readonly certificateExpiresMs: number;
}

/** What a hello told. */
export interface Heard {
  readonly agent: KnownAgent;
  /** True when this is another life than the one known before: whatever that one held is lost. */
  readonly isNewLife: boolean;
}

/**
 * The agents that have said hello. After a start of the controller the known ones count as healthy for as long as a healthy one may be
 * silent: else the first to say hello would be given what belongs to another.
 */
export interface AgentRegistry {
  hear(record: AgentRecord): Promise<Heard>;
  list(): readonly KnownAgent[];
  find(idOrName: string): KnownAgent | undefined;
  /** Milliseconds since its last hello to this life of the controller; infinite when it said none. */
  silentMs(agentId: string): number;
  /** Forgets an agent that will not come back. */
  forget(agentId: string): Promise<void>;
  /** For placement; `busy` counts the open attempts of each agent. */
  placed(busy: ReadonlyMap<string, number>): readonly PlacedAgent[];
}

interface RegistryDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly findCluster: FindCluster;
  readonly members: Pick<MemberRegistry, "find">;
  /** Without a hello for this long an agent is silent. */
  readonly silentAfterMs: number;
}

const keepEveryMs = 60_000;

interface Entry {
  readonly record: AgentRecord;
  /** Monotonic; undefined since the controller started. */
  readonly heardMs: number | undefined;
}

/** Opens the registry with every agent that the database has heard of. */
export const openAgentRegistry = async (deps: RegistryDeps): Promise<AgentRegistry> => {
  const entries = new Map<string, Entry>();
  const startMs = deps.clock.monotonicMs();
  for (const record of await listAgents(deps.database.queries))
    entries.set(record.agentId, { record, heardMs: undefined });

  const known = ({ record, heardMs }: Entry): KnownAgent => {
    const place = deps.findCluster(record.managerName, record.clusterName);
    const member = deps.members.find("agent", record.agentId);
    return {
      ...record,
      health: healthOf({
        record,
        isRevoked: member !== undefined && member.revokedMs !== null,
        isPlaced: place !== null,
        isSilent: deps.clock.monotonicMs() - (heardMs ?? startMs) > deps.silentAfterMs,
      }),
      managerId: place?.managerId ?? "",
      clusterId: place?.clusterId ?? "",
      workerId: workerIdOfAgent(record.agentId),
      certificateExpiresMs: member?.expiresMs ?? 0,
    };
  };
  const list = (): readonly KnownAgent[] =>
    [...entries.values()]
      .map(known)
      .sort((left, right) => left.name.localeCompare(right.name) || left.agentId.localeCompare(right.agentId));
  return {
    hear: async (record) => {
      const former = entries.get(record.agentId);
      const entry = { record, heardMs: deps.clock.monotonicMs() };
      entries.set(record.agentId, entry);
      if (former === undefined || isWorthKeeping(former.record, record)) await saveAgent(deps.database.queries, record);
      return {
        agent: known(entry),
        isNewLife: former !== undefined && former.record.incarnation !== record.incarnation,
      };
    },
    list,
    find: (idOrName) => findAgent(list(), idOrName),
    ...lifeOf(deps, entries),
    placed: (busy) => list().map((agent) => toPlaced(agent, busy.get(agent.agentId) ?? 0)),
  };
};

/** By id, else by name: of one name those that are revoked come last. */
const findAgent = (agents: readonly KnownAgent[], idOrName: string): KnownAgent | undefined => {
  const named = agents.filter(({ name }) => name === idOrName);
  const byId = agents.find(({ agentId }) => agentId === idOrName);
  return byId ?? named.find(({ health }) => health !== "revoked") ?? named[0];
};

const toPlaced = (agent: KnownAgent, busy: number): PlacedAgent => ({
  agentId: agent.agentId,
  name: agent.name,
  health: agent.health,
  managerId: agent.managerId,
  clusterId: agent.clusterId,
  slots: agent.slots,
  busy,
  hostName: agent.hostName,
  reachableHosts: agent.reachableHosts,
  diskServiceAddress: agent.diskServiceAddress,
  workerId: agent.workerId,
});

interface HealthFacts {
  readonly record: AgentRecord;
  readonly isRevoked: boolean;
  readonly isPlaced: boolean;
  readonly isSilent: boolean;
}

/** What stands most in the way of giving it work. */
const healthOf = ({ record, isRevoked, isPlaced, isSilent }: HealthFacts): AgentHealth => {
  if (isRevoked) return "revoked";
  if (!isCompatible(record.version, productVersion)) return "incompatible";
  if (!isPlaced) return "unplaced";
  if (isSilent) return "silent";
  if (record.refusal !== "") return "refusing";
  return record.isDraining ? "draining" : "healthy";
};
/** How long an agent has been silent, and what ends with it. */
const lifeOf = (
  { clock, database }: RegistryDeps,
  entries: Map<string, Entry>,
): Pick<AgentRegistry, "silentMs" | "forget"> => ({
  silentMs: (agentId) => {
    const heardMs = entries.get(agentId)?.heardMs;
    return heardMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - heardMs;
  },
  forget: async (agentId) => {
    entries.delete(agentId);
    await removeAgent(database.queries, agentId);
  },
});

/** A hello that says nothing new is kept once a minute. */
const isWorthKeeping = (former: AgentRecord, record: AgentRecord): boolean =>
  record.seenMs - former.seenMs > keepEveryMs ||
  JSON.stringify({ ...former, seenMs: 0 }) !== JSON.stringify({ ...record, seenMs: 0 });
