import type { Fleet } from "./fleet.ts";
import type { AgentHealth, PlacedAgent } from "./placed-agent.ts";
import type { PlacedWorker } from "./placed-worker.ts";

/** A worker that may be launched or awaited; `silent`: it is up, but its agent is not heard. */
export interface AwaitedWorker {
  readonly worker: PlacedWorker;
  readonly condition: "rising" | "asleep" | "falling" | "silent";
}

/** A worker that counts as not there. */
export interface PassedWorker {
  readonly worker: PlacedWorker;
  readonly reason: string;
}

/** Who is at one level, for new work. */
export interface LevelStand {
  /** Agents that may be given work, with room or without. */
  readonly usable: readonly PlacedAgent[];
  readonly awaited: readonly AwaitedWorker[];
  /** Agents that count as not there. */
  readonly passedAgents: readonly PlacedAgent[];
  readonly passedWorkers: readonly PassedWorker[];
}

/**
 * Judges everybody at a level. The agent of a worker is an agent like others while the worker is up, enabled and healthy, and
 * nobody at all otherwise: one that is being suspended still counts as heard for a while.
 */
export const standOf = (
  fleet: Fleet,
  isHere: (one: { readonly managerId: string; readonly clusterId: string }) => boolean,
): LevelStand => {
  const agents = fleet.agents.filter((agent) => agent.workerId === "" && agent.health !== "unplaced" && isHere(agent));
  const workers = fleet.workers.filter(isHere).map((worker) => judgeWorker(fleet, worker));
  return {
    usable: [
      ...agents.filter(({ health }) => health === "healthy"),
      ...workers.flatMap((one) => (one.kind === "usable" ? [one.agent] : [])),
    ],
    awaited: workers.flatMap((one) => (one.kind === "awaited" ? [one] : [])),
    passedAgents: agents.filter(({ health }) => health !== "healthy"),
    passedWorkers: workers
      .flatMap((one) => (one.kind === "passed" ? [one] : []))
      .sort((left, right) => left.worker.name.localeCompare(right.worker.name)),
  };
};

type JudgedWorker =
  | { readonly kind: "usable"; readonly agent: PlacedAgent }
  | ({ readonly kind: "awaited" } & AwaitedWorker)
  | ({ readonly kind: "passed" } & PassedWorker);

/** Why an agent that is heard gets no work. */
export const whyPassed: Readonly<Record<Exclude<AgentHealth, "healthy" | "silent" | "unplaced">, string>> = {
  draining: "its agent is draining",
  incompatible: "its agent is of a version that the controller does not work with",
  refusing: "its agent does not work for this controller",
  revoked: "its agent was revoked",
};

const judgeWorker = (fleet: Fleet, worker: PlacedWorker): JudgedWorker => {
  if (!worker.isEnabled) return { kind: "passed", worker, reason: "it is disabled" };
  if (worker.unhealthyReason !== "") return { kind: "passed", worker, reason: worker.unhealthyReason };
  if (worker.state !== "up") return { kind: "awaited", worker, condition: worker.state };
  const agent = fleet.agents.find(({ workerId }) => workerId === worker.workerId);
  if (agent?.health === "healthy") return { kind: "usable", agent };
  if (agent === undefined || agent.health === "silent" || agent.health === "unplaced")
    return { kind: "awaited", worker, condition: "silent" };
  return { kind: "passed", worker, reason: whyPassed[agent.health] };
};
