import type { Remark } from "../sessions/remark.ts";
import type { AwaitedWorker, LevelStand, PassedWorker } from "./level-stand.ts";
import type { PlacementTask } from "./placement-task.ts";
import type { PlacementLevel } from "./placement.ts";

/** `the VM's cluster alpha`, `another cluster of manager one`, `another manager` */
export const whereWords = (task: PlacementTask, level: PlacementLevel): string => {
  if (level === "own-cluster") return `the ${task.isRestore ? "target" : "VM's"} cluster ${task.clusterName}`;
  return level === "other-cluster" ? `another cluster of manager ${task.managerName}` : "another manager";
};

/** The levels that were passed, as the end of a sentence; empty when none was. */
export const becauseWords = (passed: readonly string[]): string =>
  passed.length === 0 ? "" : `: ${passed.join("; ")}`;

/** Why a level counts as one where nobody is deployed. */
export const emptyLevelWords = (where: string, stand: LevelStand): string => {
  const reasons = [
    ...(["silent", "draining", "incompatible", "refusing", "revoked"] as const).flatMap((health) => {
      const names = stand.passedAgents.filter((agent) => agent.health === health).map(({ name }) => name);
      return names.length === 0 ? [] : [`${health}: ${names.sort().join(", ")}`];
    }),
    ...stand.passedWorkers.map(({ worker, reason }) => `worker ${worker.name}: ${reason}`),
  ];
  return reasons.length === 0 ? `${where} has no agent` : `${where} has no healthy agent (${reasons.join("; ")})`;
};

/** All at a level are busy; workers that are on their way count by their names. */
export const busyWords = (where: string, { usable, awaited }: LevelStand): string =>
  `all agents of ${where} are busy (${namesOf(usable, awaited)})`;

/** A level whose agents stayed busy for too long. */
export const waitedOutWords = (where: string, { usable, awaited }: LevelStand): string =>
  `all agents of ${where} stayed busy for longer than the wait limit (${namesOf(usable, awaited)})`;

const namesOf = (usable: LevelStand["usable"], awaited: readonly AwaitedWorker[]): string =>
  [...usable.map(({ name }) => name), ...awaited.map(({ worker }) => `worker ${worker.name}`)].sort().join(", ");

const launchWordsOf = {
  rising: "which is being launched",
  asleep: "which is to be launched",
  falling: "which is going down and to be launched again",
  silent: "whose agent is not heard",
} as const satisfies Record<AwaitedWorker["condition"], string>;

/** `worker w1 of the VM's cluster alpha, which is to be launched` */
export const launchWords = (where: string, { worker, condition }: AwaitedWorker): string =>
  `worker ${worker.name} of ${where}, ${launchWordsOf[condition]}`;

/** A worker at a level that was looked at is broken or disabled. */
export const workerPassed = ({ worker, reason }: PassedWorker): Remark => ({
  level: "warning",
  code: "WORKER_PASSED",
  message: `worker ${worker.name} was passed: ${reason}`,
  diskId: "",
});

/** A level was left although it has healthy agents. */
export const waitLimitPassed = (waited: string, where: string): Remark => ({
  level: "warning",
  code: "WAIT_LIMIT_PASSED",
  message: `${waited}: the task went to ${where}`,
  diskId: "",
});
