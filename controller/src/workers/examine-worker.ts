import type { Check } from "@holdfast/shared/doctor/check";
import type { KnownAgent } from "../agents/agent-registry.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** What a worker's agent found when it looked at whom it needs. */
export interface WorkerExamination {
  /** Why it cannot work: each repository that it does not reach, or that its agent did not answer; empty when it can. */
  readonly unfit: string;
  /** Hosts of its own cluster that it cannot reach: their disks then come another way. */
  readonly warnings: readonly string[];
  /** What it reaches, in words. */
  readonly reached: string;
}

/** Has a worker's agent try to reach repositories, hosts and proxy; rejects only with the signal's reason. */
export const examineWorker = async (
  { examine }: Pick<WorkerDeps, "examine">,
  agent: KnownAgent,
  signal: AbortSignal,
): Promise<WorkerExamination> => judgeExamination(await examine(agent, signal));

/** Judges what was found. */
export const judgeExamination = (checks: readonly Check[]): WorkerExamination => {
  const lines = checks.filter(({ kind }) => kind === "connection" || kind === "answer");
  const bad = lines.filter(({ state }) => state === "error");
  const isOfEngine = ({ subject = "" }: Check): boolean => subject.startsWith("imageio ");
  const good = lines.filter(({ kind, state }) => kind === "connection" && state === "ok");
  return {
    unfit: bad
      .filter((check) => !isOfEngine(check))
      .map(wordsOf)
      .join("; "),
    warnings: bad.filter(isOfEngine).map(wordsOf),
    reached: good.map(({ subject = "" }) => subject).join(", "),
  };
};

const wordsOf = ({ subject = "", message = "" }: Check): string => `${subject}: ${message}`;
