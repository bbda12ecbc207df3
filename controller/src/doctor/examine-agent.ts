import { type Check, takeCheck, toCheck } from "@holdfast/shared/doctor/check";
import type { Finding } from "@holdfast/shared/doctor/finding";
import { toTargetMessage } from "@holdfast/shared/doctor/target";
import { trustFinding } from "@holdfast/shared/doctor/trust-finding";
import { versionFinding } from "@holdfast/shared/doctor/version-finding";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import type { KnownAgent } from "../agents/agent-registry.ts";
import { answered, unanswered } from "./answer-finding.ts";
import type { DoctorDeps, ExamineLimits } from "./doctor-deps.ts";
import type { FoundByAgent, OpenExamination } from "./examination-desk.ts";
import { helloFinding } from "./hello-finding.ts";
import { targetsOfAgent } from "./targets.ts";

/** What is needed to examine one agent. */
export type AgentDoctor = Pick<
  DoctorDeps,
  "clock" | "repositories" | "identity" | "examinations" | "ring" | "engines" | "version"
>;

/** An agent that said hello: what it looks at is where it is deployed. */
export type ExaminedAgent = Pick<
  KnownAgent,
  | "agentId"
  | "name"
  | "version"
  | "health"
  | "managerId"
  | "clusterId"
  | "managerName"
  | "clusterName"
  | "reachableHosts"
  | "seenMs"
  | "workerId"
  | "refusal"
>;

/** A wake-up may be lost: it is repeated until the agent asks. */
const ringEveryMs = 1_000;
/** For telling what was found when looking took all of the time. */
const tellMs = 3_000;

/**
 * Whether an agent lives, and what it finds when it looks at itself and at whom it needs. Rejects only with the signal's reason: an
 * agent that does not answer is a finding. One that is silent or revoked is not waited for.
 */
export const examineAgent = async (
  deps: AgentDoctor,
  agent: ExaminedAgent,
  limits: ExamineLimits,
): Promise<readonly Check[]> => {
  const { clock, version } = deps;
  const who = { role: "agent", name: agent.name } as const;
  const of = (findings: readonly Finding[]): readonly Check[] => findings.map((finding) => toCheck(who, finding));
  const known = [helloFinding(agent, clock.nowMs()), versionFinding(agent.version, version)];
  if (agent.health === "silent" || agent.health === "revoked") return of(known.slice(0, 1));

  const startedMs = clock.monotonicMs();
  const found = await ask(deps, agent, limits);
  if (found === undefined) {
    const advice = "see in its log whether it reaches the bus, and start it again";
    return of([...known, unanswered(`no answer within ${limits.timeoutMs / 1_000} s`, advice)]);
  }
  const answer = answered("examined itself over the bus", clock.monotonicMs() - startedMs);
  const trust = trustFinding(found.trustNumber, deps.identity.authority.trust.current.number);
  return [...of([...known, answer, trust]), ...found.checks.map((check) => takeCheck(who, check))];
};

const ask = async (
  deps: AgentDoctor,
  agent: ExaminedAgent,
  { timeoutMs, signal }: ExamineLimits,
): Promise<FoundByAgent | undefined> => {
  const { clock, repositories, examinations } = deps;
  const engines = await deps.engines(signal);
  const targets = targetsOfAgent(agent, { engines, repositories: repositories.list() }).map(toTargetMessage);
  const trustNumber = deps.identity.authority.trust.current.number;
  const lookMs = Math.max(timeoutMs - tellMs, timeoutMs / 2);
  using examination = examinations.open(agent.agentId, {
    version: deps.version,
    trustNumber,
    targets,
    timeoutMs: lookMs,
  });
  const over = clock.timeout(timeoutMs);
  const bounded = AbortSignal.any([signal, over]);
  const ringing = new AbortController();
  void ringUntilBegun(deps, agent, examination, AbortSignal.any([bounded, ringing.signal]));
  try {
    return await orAborted(examination.found, bounded);
  } catch (caught) {
    signal.throwIfAborted();
    if (over.aborted) return undefined;
    throw caught;
  } finally {
    ringing.abort();
  }
};

/** Never rejects: it ends when the agent asked, or nobody waits any more. */
const ringUntilBegun = async (
  { ring, clock }: AgentDoctor,
  { agentId }: ExaminedAgent,
  { examineId, isBegun }: OpenExamination,
  signal: AbortSignal,
): Promise<void> => {
  while (!isBegun() && !signal.aborted) {
    ring(agentId, examineId);
    await clock.sleep(ringEveryMs, signal).catch(() => undefined);
  }
};
