import { type SessionId, newSessionId } from "@holdfast/shared/ids/ids";
import { changeSession, findSession, moveSession } from "../database/sessions-table.ts";
import { type Remark, withRemarks } from "../sessions/remark.ts";
import type { Result } from "../sessions/result.ts";
import { startSession } from "../sessions/start-session.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import type { Worker, WorkerTest } from "./worker.ts";

type TestDeps = Pick<WorkerDeps, "database" | "clock" | "log" | "changes" | "roster">;

/** Code of every line in a test's log. */
const code = "WORKER_TEST";

/** Begins the test of a worker as a session of its own; one that is under way goes on. Answers its session. */
export const beginTest = async (
  deps: TestDeps & Pick<WorkerDeps, "random">,
  worker: Worker,
  timeZone: string,
): Promise<SessionId> => {
  if (worker.test !== null && worker.test.verdict === "open") return worker.test.sessionId;
  if (worker.test !== null) await endTest(deps, worker);
  const sessionId = newSessionId(deps.random);
  await startSession(deps, {
    sessionId,
    kind: "worker-test",
    jobId: "",
    jobName: `worker ${worker.definition.name}`,
    trigger: "operator",
    timeZone,
    tasks: [],
  });
  await deps.roster.change(worker, { test: { sessionId, verdict: "open", reason: "" } });
  return sessionId;
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
  return deps.roster.change(worker, { test: { ...worker.test, verdict, reason } });
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

/** Ends the session of a worker's test with its result. Safe to repeat. */
export const endTest = async (deps: TestDeps, worker: Worker): Promise<void> => {
  if (worker.test === null) return;
  const { sessionId, verdict } = worker.test;
  const { queries } = deps.database;
  const running = await findSession(queries, sessionId);
  if (running?.state === "running") await moveSession(queries, running, "ending");
  const ending = await findSession(queries, sessionId);
  if (ending?.state === "ending") {
    const isWarned = verdict === "passed" && ending.remarks.some(({ level }) => level === "warning");
    const result = isWarned ? "warning" : results[verdict];
    await moveSession(queries, ending, "ended", { result, endedMs: deps.clock.nowMs() });
    deps.log.info("session moved", { session: sessionId, from: "running", to: "ended", result });
  }
  await deps.roster.change(worker, { test: null });
  deps.changes.changed(sessionId);
};
