import { addressOf, type Target, type WhenAbsent } from "@holdfast/shared/doctor/target";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { EngineView, HostView } from "./engine-view.ts";

/** Where an agent is and what it says that it reaches. */
export interface AgentPlace {
  readonly managerId: string;
  readonly clusterId: string;
  /** Host names or addresses; `*` for all. */
  readonly reachableHosts: readonly string[];
}

/** What there is to be reached. */
export interface Reachable {
  readonly engines: readonly EngineView[];
  readonly repositories: readonly Pick<RepositoryConnection, "name" | "address" | "repositoryId">[];
}

/**
 * What an agent needs: the hosts of its cluster and the repositories; those of other clusters and the proxy of its manager stand in when
 * nothing better is free; the rest is only told.
 */
export const targetsOfAgent = (agent: AgentPlace, { engines, repositories }: Reachable): readonly Target[] => [
  ...repositoryTargets(repositories, "error"),
  ...engines.flatMap((engine) => [
    ...engine.hosts.map((host) => hostTarget(engine, host, meaningOfHost(agent, engine, host))),
    proxyTarget(engine, agent.managerId === engine.managerId ? "warning" : "skipped"),
    apiTarget(engine, { whenAbsent: "skipped", advice: "nothing: only the controller must reach it" }),
  ]),
];

/** What the controller needs: engines and repositories. Reaching hosts is for agents. */
export const targetsOfController = ({ engines, repositories }: Reachable): readonly Target[] => [
  ...repositoryTargets(repositories, "error"),
  ...engines.flatMap((engine) => [
    apiTarget(engine, { whenAbsent: "error", advice: "start the engine, or let the controller reach it" }),
    proxyTarget(engine, "skipped"),
    ...engine.hosts.map((host) => hostTarget(engine, host, onlyAgents)),
  ]),
];

/** What an operator's machine may need: points are exported straight from a repository. */
export const targetsOfOperator = ({ repositories }: Pick<Reachable, "repositories">): readonly Target[] =>
  repositoryTargets(repositories, "skipped");

interface Meaning {
  readonly whenAbsent: WhenAbsent;
  readonly advice: string;
}

const onlyAgents: Meaning = { whenAbsent: "skipped", advice: "nothing: only agents must reach it" };

const meaningOfHost = (agent: AgentPlace, engine: EngineView, host: HostView): Meaning => {
  const { reachableHosts } = agent;
  const open = `let this machine reach ${addressOf(host.imageio.host, host.imageio.port)}`;
  if (!reachableHosts.some((one) => one === "*" || one === host.name || one === host.address))
    return { whenAbsent: "skipped", advice: "nothing: the agent's reachableHosts leave it out" };
  if (agent.managerId !== engine.managerId)
    return { whenAbsent: "skipped", advice: "nothing: it is another manager's" };
  if (host.status !== "up")
    return { whenAbsent: "skipped", advice: `nothing: the engine says that it is ${host.status}` };
  if (agent.clusterId === host.clusterId) return { whenAbsent: "error", advice: open };
  return { whenAbsent: "warning", advice: `${open}, or take it out of the agent's reachableHosts` };
};

const hostTarget = (engine: EngineView, host: HostView, meaning: Meaning): Target => ({
  subject: `imageio of host ${host.name} of manager ${engine.name}`,
  address: addressOf(host.imageio.host, host.imageio.port),
  server: { kind: "engine", anchorPem: engine.imageioAnchorPem },
  ...meaning,
});

const proxyTarget = (engine: EngineView, whenAbsent: WhenAbsent): Target => ({
  subject: `imageio proxy of manager ${engine.name}`,
  address: addressOf(engine.proxy.host, engine.proxy.port),
  server: { kind: "engine", anchorPem: engine.imageioAnchorPem },
  whenAbsent,
  advice: "let this machine reach it: disks are read through it when no host can be reached",
});

const apiTarget = (engine: EngineView, meaning: Meaning): Target => ({
  subject: `engine of manager ${engine.name}`,
  address: addressOf(engine.api.host, engine.api.port),
  server: { kind: "engine", anchorPem: engine.apiAnchorPem },
  ...meaning,
});

const repositoryTargets = (repositories: Reachable["repositories"], whenAbsent: WhenAbsent): readonly Target[] =>
  repositories.map(({ name, address, repositoryId }) => ({
    subject: `repository ${name}`,
    address,
    server: { kind: "peer", role: "repository", id: repositoryId },
    whenAbsent,
    advice: "start the repository, or let this machine reach it at that address",
  }));
