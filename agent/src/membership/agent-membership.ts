import { join } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { AgentId } from "@holdfast/shared/ids/ids";
import type { BusKey } from "@holdfast/shared/identity/identity-folder";
import { renewExpired } from "@holdfast/shared/identity/keep-renewed";
import { openMembership, type OpenMembership } from "@holdfast/shared/identity/open-membership";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { AgentConfig } from "../config/agent-config.ts";

/** How an agent belongs to its installation, and where it stands in it. */
export interface AgentMembership {
  readonly opened: OpenMembership;
  readonly agentId: AgentId;
  readonly name: string;
  readonly place: { readonly managerName: string; readonly clusterName: string };
  readonly busServers: readonly string[];
  readonly busKey: BusKey;
}

/** Opens the agent's identity, joining first when there is none; what the invitation fixed wins over the configuration. */
export const openAgentMembership = async (
  config: AgentConfig,
  deps: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<AgentMembership> => {
  const folder = config.identityDir === "" ? join(config.dataDir, "identity") : config.identityDir;
  const { name, manager, cluster } = config;
  const said = { name, managerName: manager, clusterName: cluster, repositoryId: "" };
  const opened = await openMembership({ role: "agent", folder, joinBy: config, said }, deps, signal);
  await renewExpired(opened, deps, signal);
  const { membership, busKey } = opened;
  if (busKey === undefined)
    throw new HoldfastError("CONFIG_INVALID", `the identity in ${folder} has no key for the bus`, {
      details: { folder },
    });
  return {
    opened,
    agentId: membership.id as AgentId,
    name: membership.name || name,
    place: placeOf(opened, config),
    busServers: config.bus.servers.length > 0 ? config.bus.servers : required(membership.busServers, "bus.servers"),
    busKey,
  };
};

const placeOf = ({ membership }: OpenMembership, { manager, cluster }: AgentConfig): AgentMembership["place"] => {
  const managerName = membership.managerName || manager;
  const clusterName = membership.clusterName || cluster;
  required(managerName, "manager");
  required(clusterName, "cluster");
  return { managerName, clusterName };
};

const required = <Value extends { readonly length: number }>(value: Value, key: string): Value => {
  if (value.length > 0) return value;
  throw new HoldfastError("CONFIG_INVALID", `neither the configuration nor the join token says ${key}`);
};
