import type { Remark } from "../sessions/remark.ts";
import { type Fleet, isPromised, roomOf, roomOfWorker } from "./fleet.ts";
import { type AwaitedWorker, type LevelStand, standOf } from "./level-stand.ts";
import type { PlacedAgent } from "./placed-agent.ts";
import type { PlacementTask } from "./placement-task.ts";
import {
  becauseWords,
  busyWords,
  emptyLevelWords,
  launchWords,
  waitLimitPassed,
  waitedOutWords,
  whereWords,
  workerPassed,
} from "./placement-words.ts";
import type { Placement, PlacementLevel } from "./placement.ts";

/** What a task has been through while it waits. */
export interface PlacementPast {
  /** Levels whose agents it has waited for longer than the wait limit. */
  readonly waitedOut: ReadonlySet<PlacementLevel>;
  /** How long agents have been offered it. */
  readonly offeredMs: number;
}

/** A task that has not waited yet. */
export const freshPast: PlacementPast = { waitedOut: new Set(), offeredMs: 0 };

const backupLevels = ["own-cluster", "other-cluster", "other-manager"] as const satisfies readonly PlacementLevel[];
/** A restore never leaves the manager that it writes to. */
const restoreLevels = ["own-cluster", "other-cluster"] as const satisfies readonly PlacementLevel[];

/** For this long only the agents on the VM's host are offered it; the others ask for work every five seconds by themselves. */
const onHostFirstMs = 6_000;

/**
 * Places a task. The first level where somebody is deployed (a healthy agent, or an enabled healthy worker) is the level: an
 * agent with room, else a worker that is on its way, else one to be launched, else it waits. A level where nobody is deployed
 * falls through, and so does one that the task has waited for longer than the wait limit, if there is room further on.
 */
export const place = (task: PlacementTask, fleet: Fleet, past: PlacementPast = freshPast): Placement => {
  const search: Search = { task, fleet, past, passed: [], waited: [], warnings: [] };
  let waits: Placement | undefined;
  for (const level of task.isRestore ? restoreLevels : backupLevels) {
    const stand = standOf(fleet, (one) => levelOf(task, one) === level);
    const where = whereWords(task, level);
    search.warnings.push(...stand.passedWorkers.map(workerPassed));
    const found = atLevel(search, level, stand);
    if (found.kind === "empty") search.passed.push(emptyLevelWords(where, stand));
    else if (found.kind !== "busy" || !past.waitedOut.has(level)) return found;
    else {
      waits ??= found;
      search.passed.push(waitedOutWords(where, stand));
      search.waited.push(waitedOutWords(where, stand));
    }
  }
  return waits ?? { kind: "nobody", words: nobodyWords(search), warnings: search.warnings };
};

interface Search {
  readonly task: PlacementTask;
  readonly fleet: Fleet;
  readonly past: PlacementPast;
  /** Why each level so far was passed. */
  readonly passed: string[];
  /** Those of them that were passed because of the wait limit. */
  readonly waited: string[];
  readonly warnings: Remark[];
}

/** The level that an agent or worker belongs to for a task. */
const levelOf = (
  task: PlacementTask,
  one: { readonly managerId: string; readonly clusterId: string },
): PlacementLevel => {
  if (one.managerId !== task.managerId) return "other-manager";
  return one.clusterId === task.clusterId ? "own-cluster" : "other-cluster";
};

const atLevel = (search: Search, level: PlacementLevel, stand: LevelStand): Placement | { readonly kind: "empty" } => {
  if (stand.usable.length === 0 && stand.awaited.length === 0) return { kind: "empty" };
  const where = whereWords(search.task, level);
  const because = becauseWords(search.passed);
  const warnings = [...search.warnings, ...search.waited.map((words) => waitLimitPassed(words, where))];
  const common = { level, warnings };
  const free = freeAgents(search, stand);
  if (free.length > 0) {
    const words = `agent of ${where}${because}`;
    return { kind: "free", ...common, ...offered(search, free), because, words };
  }
  const awaited = awaitedWorkers(search.fleet, stand);
  const [best] = awaited;
  if (best !== undefined) {
    const workers = awaited.map(({ worker }) => worker);
    return { kind: "launch", ...common, workers, words: `${launchWords(where, best)}${because}` };
  }
  return { kind: "busy", ...common, agents: stand.usable, words: `${busyWords(where, stand)}${because}` };
};

const freeAgents = ({ fleet }: Search, { usable }: LevelStand): readonly PlacedAgent[] =>
  usable
    .filter((agent) => roomOf(fleet, agent) > 0)
    .sort(
      (left, right) =>
        roomOf(fleet, right) - roomOf(fleet, left) ||
        left.name.localeCompare(right.name) ||
        left.agentId.localeCompare(right.agentId),
    );

/** Agents on the VM's host come first, and for a while alone: they read its disks without the network. */
const offered = (
  { task, past }: Search,
  free: readonly PlacedAgent[],
): { readonly agents: readonly PlacedAgent[]; readonly onHost: readonly PlacedAgent[] } => {
  const onHost = free.filter((agent) => isOnHost(task, agent));
  if (onHost.length > 0 && past.offeredMs < onHostFirstMs) return { agents: onHost, onHost };
  return { agents: [...onHost, ...free.filter((agent) => !onHost.includes(agent))], onHost };
};

const isOnHost = (task: PlacementTask, { managerId, hostName }: PlacedAgent): boolean =>
  managerId === task.managerId && hostName !== "" && task.hostNames.includes(hostName);

const ranks = { rising: 0, asleep: 1, falling: 2, silent: 3 } as const satisfies Record<
  AwaitedWorker["condition"],
  number
>;

/** One that is promised to a task already is filled before another is launched. */
const awaitedWorkers = (fleet: Fleet, { awaited }: LevelStand): readonly AwaitedWorker[] =>
  awaited
    .filter(({ worker }) => roomOfWorker(fleet, worker) > 0)
    .sort(
      (left, right) =>
        ranks[left.condition] - ranks[right.condition] ||
        Number(isPromised(fleet, right.worker)) - Number(isPromised(fleet, left.worker)) ||
        roomOfWorker(fleet, right.worker) - roomOfWorker(fleet, left.worker) ||
        left.worker.name.localeCompare(right.worker.name) ||
        left.worker.workerId.localeCompare(right.worker.workerId),
    );

const nobodyWords = ({ task, passed }: Search): string =>
  [...passed, ...(task.isRestore ? ["a restore goes to no other manager's agents"] : [])].join("; ");

/** Why a task went to this agent, of a placement that names it. */
export const wordsFor = (task: PlacementTask, placement: Placement, agentId: string): string => {
  if (placement.kind !== "free") return placement.words;
  const agent = placement.agents.find((one) => one.agentId === agentId);
  const noun = agent !== undefined && agent.workerId !== "" ? "worker" : "agent";
  const isOnIt = placement.onHost.some((one) => one.agentId === agentId);
  const host = isOnIt ? `, on the VM's host ${task.hostNames[0] ?? ""}` : "";
  return `${noun} of ${whereWords(task, placement.level)}${host}${placement.because}`;
};
