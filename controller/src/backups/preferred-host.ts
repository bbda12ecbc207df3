import type { KnownAgent } from "../agents/agent-registry.ts";
import type { Host } from "../hypervisor/inventory.ts";

/**
 * The host to ask for when the engine lets us choose who serves a disk: the one that the agent runs on, else one that it
 * reaches; undefined leaves the choice to the engine.
 */
export const preferredHost = (
  agent: Pick<KnownAgent, "hostName" | "reachableHosts"> | undefined,
  hosts: readonly Host[],
): string | undefined => {
  if (agent === undefined) return undefined;
  const own = hosts.find(
    ({ name, address }) => agent.hostName !== "" && (agent.hostName === name || agent.hostName === address),
  );
  const reached = hosts.find(({ name, address }) =>
    agent.reachableHosts.some((one) => one === "*" || one === name || one === address),
  );
  return (own ?? reached)?.id;
};
