import type { PlacedAgent } from "./placed-agent.ts";

/** The host that serves an image transfer, under every name that an agent may know it by. */
export interface ServingHost {
  readonly name: string;
  readonly address: string;
  readonly managerId: string;
  readonly clusterId: string;
}

/** How an agent comes to the bytes of a disk. */
export type DiskRoute =
  /** It reaches the host itself. */
  | { readonly kind: "own" }
  /** This other agent reads the disk for it, through its DiskService. */
  | { readonly kind: "loan"; readonly lender: PlacedAgent }
  /** Nobody reaches the host: what is left is the engine's imageio proxy. */
  | { readonly kind: "proxy" };

/**
 * The way of one agent to the disks that a host serves. An agent that reaches the host reads by itself; otherwise the nearest
 * healthy agent that reaches it and serves disks lends them. What the agent avoids, since it may not or since it broke, is not
 * offered to it.
 */
export const routeFor = (
  agent: PlacedAgent,
  host: ServingHost,
  agents: readonly PlacedAgent[],
  avoided: ReadonlySet<string> = new Set(),
): DiskRoute => {
  const isOwn = avoided.has("direct") ? isOn(agent, host) && !avoided.has("socket") : reaches(agent, host);
  if (isOwn) return { kind: "own" };
  if (avoided.has("stream")) return { kind: "proxy" };
  const [lender] = agents
    .filter((other) => other.agentId !== agent.agentId && canLend(other, host))
    .sort(
      (left, right) =>
        distance(left, host) - distance(right, host) || left.busy - right.busy || left.name.localeCompare(right.name),
    );
  return lender === undefined ? { kind: "proxy" } : { kind: "loan", lender };
};

/** True when an agent connects to a host's imageio: it runs there, or says that it reaches it. */
export const reaches = (agent: PlacedAgent, host: ServingHost): boolean =>
  isOn(agent, host) || agent.reachableHosts.some((reachable) => reachable === "*" || isNamed(host, reachable));

/** A worker does not lend: it is up for its own tasks only, and its suspension would cut a loan off. */
const canLend = (agent: PlacedAgent, host: ServingHost): boolean =>
  agent.health === "healthy" && agent.workerId === "" && agent.diskServiceAddress !== "" && reaches(agent, host);

const isOn = (agent: PlacedAgent, host: ServingHost): boolean =>
  agent.managerId === host.managerId && agent.hostName !== "" && isNamed(host, agent.hostName);

const isNamed = (host: ServingHost, name: string): boolean => name === host.name || name === host.address;

const distance = (agent: PlacedAgent, host: ServingHost): number => {
  if (isOn(agent, host)) return 0;
  if (agent.managerId !== host.managerId) return 3;
  return agent.clusterId === host.clusterId ? 1 : 2;
};
