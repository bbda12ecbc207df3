import type { Session, Task } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import type { Period } from "./power-periods.ts";

/**
 * When a session needed a worker, by what it says of itself: all of its test; the wait for each attempt that the worker made, and
 * the attempt; the wait until another one took a VM over because the worker could not be launched. That the session names it
 * needs nothing: a disabled worker is named too.
 */
export const needsOf = (session: Session, worker: string, nowMs: number): readonly Period[] => {
  if (session.kind === "worker-test")
    return session.jobName === `worker ${worker}` ? [period(session.startedMs, session.endedMs, nowMs)] : [];
  return session.tasks.flatMap((task) => [
    ...workedOn(session, task, worker).map(({ fromMs, toMs }) => period(fromMs, toMs, nowMs)),
    ...(isFailed(task, worker) ? [period(session.startedMs, task.attempts[0]?.startedMs ?? task.endedMs, nowMs)] : []),
  ]);
};

/** Its attempts, each from where the wait for it began: with the session, or with the end of the attempt before. */
const workedOn = ({ startedMs }: Session, { attempts }: Task, worker: string) =>
  attempts.flatMap(({ agentName, endedMs }, index) => {
    const fromMs = attempts[index - 1]?.endedMs ?? startedMs;
    return agentName === worker ? [{ fromMs, toMs: endedMs }] : [];
  });

/** Passed for any reason of its own; that it is disabled is its operator's. */
const isFailed = ({ remarks }: Task, worker: string): boolean =>
  remarks.some(
    ({ code, message }) =>
      code === "WORKER_PASSED" &&
      message.startsWith(`worker ${worker} was passed: `) &&
      message !== `worker ${worker} was passed: it is disabled`,
  );

const period = (fromMs: bigint, toMs: bigint, nowMs: number): Period => ({
  fromMs: Number(fromMs),
  toMs: toMs === 0n ? nowMs : Number(toMs),
});
