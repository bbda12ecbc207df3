import { type SessionId, newSessionId } from "@holdfast/shared/ids/ids";
import type { Queries } from "../database/database.ts";
import { changeSession, findSession, moveSession } from "../database/sessions-table.ts";
import { type Remark, withRemarks } from "../sessions/remark.ts";
import type { Result } from "../sessions/result.ts";
import { tellStarted, writeSession } from "../sessions/start-session.ts";
import { presentWorker } from "./present-worker.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import type { Worker, WorkerTest } from "./worker.ts";

type TestDeps = Pick<WorkerDeps, "database" | "clock" | "log" | "changes" | "roster">;

/** Code of every line in a test's log. */
const code = "WORKER_TEST";

/**
 * Begins the test of a worker as a session of its own; one that is under way goes on, also one that somebody else began a
 * moment ago. Answers its session. FAILED_PRECONDITION for a worker that is being removed.
 */
export const beginTest = async (
  deps: TestDeps & Pick<WorkerDeps, "random">,
  { workerId, definition }: Worker,
  timeZone: string,
): Promise<SessionId> => {
  const sessionId = newSessionId(deps.random);
  const request = {
    sessionId,
    kind: "worker-test",
    jobId: "",
    jobName: `worker ${definition.name}`,
    trigger: "operator",
    timeZone,
    tasks: [],
  } as const;
  const begun = await deps.roster.changeTest(workerId, async (queries, worker) => {
    const { test } = presentWorker(worker);
    if (test?.verdict === "open") return { test, found: { sessionId: test.sessionId, ended: undefined } };
    const nowMs = deps.clock.nowMs();
    const ended = test === null ? undefined : await endSession(queries, test, nowMs);
    await writeSession(queries, request, nowMs);
    return { test: { sessionId, verdict: "open", reason: "" }, found: { sessionId, ended } };
  });
  if (begun.ended !== undefined) tellEnded(deps, begun.ended);
  if (begun.sessionId === sessionId) tellStarted(deps, request);
  return begun.sessionId;
};

/** Writes a line into the log of a worker's test; nothing when there is none. */
export const noteInTest = async (
  deps: TestDeps,
  worker: Worker,
  { level, message }: Pick<Remark, "level" | "message">,
): Promise<void> => {
  const session = worker.test === null ? undefined : await findSession(deps.database.queries, worker.test.sessionId);
  if (session === undefined || session.state === "ended") return;
  const remarks = withRemarks(session.remarks, [{ level, code, message, diskId: "" }]);
  await changeSession(deps.database.queries, session.sessionId, { remarks });
  deps.changes.changed(session.sessionId);
};

/** Settles what a test found; the session goes on until the worker is down again. */
export const judgeTest = async (
  deps: TestDeps,
  worker: Worker,
  { verdict, reason }: Pick<WorkerTest, "verdict" | "reason">,
): Promise<Worker> => {
  if (worker.test?.verdict !== "open") return worker;
  const level = verdict === "passed" ? "notice" : "error";
  await noteInTest(deps, worker, { level, message: reason });
  const { sessionId } = worker.test;
  await deps.roster.changeTest(worker.workerId, async (_queries, { test }) => ({
    test: test?.sessionId === sessionId ? { ...test, verdict, reason } : test,
    found: undefined,
  }));
  return deps.roster.get(worker.workerId);
};

/** True when an operator stopped or cancelled the session of an open test. */
export const isTestUnwanted = async (deps: Pick<WorkerDeps, "database">, worker: Worker): Promise<boolean> => {
  if (worker.test?.verdict !== "open") return false;
  const session = await findSession(deps.database.queries, worker.test.sessionId);
  return session === undefined || session.wish !== "run";
};

const results = { passed: "success", failed: "failed", open: "cancelled" } as const satisfies Record<
  WorkerTest["verdict"],
  Result
>;

/** A test whose session has ended. */
interface EndedTest {
  readonly sessionId: SessionId;
  readonly result: Result;
}

/** Ends the session of a worker's test with its result. Safe to repeat; a test that began meanwhile goes on. */
export const endTest = async (deps: TestDeps, { workerId, test }: Worker): Promise<void> => {
  if (test === null) return;
  const ended = await deps.roster.changeTest(workerId, async (queries, now) =>
    now.test?.sessionId === test.sessionId
      ? { test: null, found: await endSession(queries, now.test, deps.clock.nowMs()) }
      : { test: now.test, found: undefined },
  );
  if (ended !== undefined) tellEnded(deps, ended);
};

const endSession = async (
  queries: Queries,
  { sessionId, verdict }: WorkerTest,
  nowMs: number,
): Promise<EndedTest | undefined> => {
  const running = await findSession(queries, sessionId);
  if (running?.state === "running") await moveSession(queries, running, "ending");
  const ending = await findSession(queries, sessionId);
  if (ending?.state !== "ending") return undefined;
  const isWarned = verdict === "passed" && ending.remarks.some(({ level }) => level === "warning");
  const result = isWarned ? "warning" : results[verdict];
  await moveSession(queries, ending, "ended", { result, endedMs: nowMs });
  return { sessionId, result };
};

const tellEnded = (deps: Pick<TestDeps, "log" | "changes">, { sessionId, result }: EndedTest): void => {
  deps.log.info("session moved", { session: sessionId, from: "running", to: "ended", result });
  deps.changes.changed(sessionId);
};
