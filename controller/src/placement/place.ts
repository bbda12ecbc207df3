import { type PlacedAgent, isFree } from "./placed-agent.ts";

/** What placement has to know of a task: where its VM runs (or will run, for a restore). */
export interface PlacementTask {
  readonly managerId: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly managerName: string;
}

/** How far from the VM's cluster its agents were looked for. */
export type PlacementLevel = "own-cluster" | "other-cluster" | "other-manager";

/** Where a task may go now; `words` are recorded with the session. */
export type Placement =
  /** Any of these agents may take it now, best first. */
  | {
      readonly kind: "free";
      readonly level: PlacementLevel;
      readonly agents: readonly PlacedAgent[];
      readonly words: string;
    }
  /** It waits: these agents are the right ones, and all of them are busy. */
  | {
      readonly kind: "busy";
      readonly level: PlacementLevel;
      readonly agents: readonly PlacedAgent[];
      readonly words: string;
    }
  /** There is nobody anywhere. */
  | { readonly kind: "nobody"; readonly words: string };

const levels = ["own-cluster", "other-cluster", "other-manager"] as const satisfies readonly PlacementLevel[];

/**
 * Places a task: agents of its VM's cluster, else of any other cluster of that manager, else of another manager. The first
 * level that has a healthy agent is the level: when all of its agents are busy the task waits for them. A level where none
 * is deployed, or none healthy, falls through.
 */
export const place = (task: PlacementTask, agents: readonly PlacedAgent[]): Placement => {
  const passed: string[] = [];
  for (const level of levels) {
    const deployed = agents.filter((agent) => levelOf(task, agent) === level);
    const healthy = deployed.filter(({ health }) => health === "healthy");
    if (healthy.length > 0) return among({ task, level, passed, healthy });
    passed.push(whyPassed(task, level, deployed));
  }
  return { kind: "nobody", words: passed.join("; ") };
};

/** The level that an agent belongs to for a task; an agent whose cluster is not known yet belongs to none. */
export const levelOf = (task: PlacementTask, agent: PlacedAgent): PlacementLevel | null => {
  if (agent.health === "unplaced") return null;
  if (agent.managerId !== task.managerId) return "other-manager";
  return agent.clusterId === task.clusterId ? "own-cluster" : "other-cluster";
};

const among = (found: {
  readonly task: PlacementTask;
  readonly level: PlacementLevel;
  readonly passed: readonly string[];
  readonly healthy: readonly PlacedAgent[];
}): Placement => {
  const { level } = found;
  const free = found.healthy.filter(isFree).sort(byRoomThenName);
  const where = whereWords(found.task, level);
  const because = found.passed.length === 0 ? "" : `: ${found.passed.join("; ")}`;
  if (free.length === 0) {
    const names = found.healthy.map(({ name }) => name).sort();
    return {
      kind: "busy",
      level,
      agents: found.healthy,
      words: `all agents of ${where} are busy (${names.join(", ")})${because}`,
    };
  }
  return { kind: "free", level, agents: free, words: `agent of ${where}${because}` };
};

const byRoomThenName = (left: PlacedAgent, right: PlacedAgent): number =>
  right.slots - right.busy - (left.slots - left.busy) || left.name.localeCompare(right.name);

const whereWords = (task: PlacementTask, level: PlacementLevel): string => {
  if (level === "own-cluster") return `the VM's cluster ${task.clusterName}`;
  return level === "other-cluster" ? `another cluster of manager ${task.managerName}` : "another manager";
};

const whyPassed = (task: PlacementTask, level: PlacementLevel, deployed: readonly PlacedAgent[]): string => {
  const where = whereWords(task, level);
  if (deployed.length === 0) return `${where} has no agent`;
  const names = deployed.map(({ name }) => name).sort();
  return `${where} has no healthy agent (silent: ${names.join(", ")})`;
};
