import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { listJobs } from "../database/jobs-table.ts";
import { findMaintenance, listOpenMaintenance, updateMaintenanceRequest } from "../database/maintenance-table.ts";
import { findSession, moveSession } from "../database/sessions-table.ts";
import { type Remark, withRemarks } from "../sessions/remark.ts";
import { type Result, resultOfSuccess } from "../sessions/result.ts";
import type { Session } from "../sessions/session.ts";
import { after, again, final, type Next } from "../sessions/steps/next.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { excludeEachOther } from "./maintenance-kind.ts";
import type { Maintenance } from "./maintenance.ts";
import type { MaintenanceBoard } from "./maintenance-board.ts";
import type { Operation } from "./operation.ts";

/** What stepping a session of maintenance needs. */
export interface MaintenanceDeps extends Pick<WorkDeps, "database" | "clock" | "log" | "changes" | "repositories"> {
  readonly board: MaintenanceBoard;
  readonly operations: Readonly<Partial<Record<Maintenance["kind"], Operation>>>;
  /** How long a repository that cannot be reached is waited for, since something was done last. */
  readonly patienceMs: number;
}

const lookAgainMs = 1_000;
const unreachableMs = 10_000;
/** What passes by itself: the repository is away, or at the same work for somebody else. */
const passing = ["REPOSITORY_UNREACHABLE", "REPOSITORY_BUSY"] as const;

/** Takes a session of maintenance to its end, or says when to look again: it waits for its turn, or for its repository. */
export const stepMaintenance = async (deps: MaintenanceDeps, sessionId: string, signal: AbortSignal): Promise<Next> => {
  const { queries } = deps.database;
  const session = await findSession(queries, sessionId);
  const work = await findMaintenance(queries, sessionId);
  if (session === undefined || work === undefined || session.state === "ended") return final;
  if (session.state === "ending") return await end(deps, session, { result: session.result ?? "failed", remarks: [] });
  if (session.wish !== "run") return await end(deps, session, { result: "cancelled", remarks: [] });
  const before = await findTurnBefore(deps, session, work);
  if (before !== undefined) {
    deps.board.tell(sessionId, { phase: `waits for session ${before}`, done: 0, total: 0, unit: "" });
    return after(lookAgainMs);
  }
  return await run(deps, { session, work }, signal);
};

interface SessionOfWork {
  readonly session: Session;
  readonly work: Maintenance;
}

interface Ending {
  readonly result: Result;
  readonly remarks: readonly Remark[];
}

const run = async (deps: MaintenanceDeps, { session, work }: SessionOfWork, signal: AbortSignal): Promise<Next> => {
  const { sessionId } = session;
  using wish = watchWish(deps, sessionId, signal);
  try {
    const remarks = await operate(deps, work, wish.signal);
    return await end(deps, session, { result: resultOfSuccess(remarks), remarks });
  } catch (caught) {
    signal.throwIfAborted();
    if (wish.signal.aborted) return again;
    const sinceMs = Math.max(session.createdMs, deps.board.workedMs(sessionId));
    if (hasCode(caught, ...passing) && deps.clock.nowMs() - sinceMs < deps.patienceMs) {
      const phase = `waits for its repository: ${HoldfastError.from(caught).message}`;
      deps.board.tell(sessionId, { phase, done: 0, total: 0, unit: "" });
      deps.changes.changed(sessionId);
      return after(unreachableMs);
    }
    const { code, message } = HoldfastError.from(caught);
    deps.log.error("maintenance failed", { session: sessionId, kind: work.kind, err: caught });
    return await end(deps, session, { result: "failed", remarks: [{ level: "error", code, message, diskId: "" }] });
  }
};

const operate = async (deps: MaintenanceDeps, work: Maintenance, signal: AbortSignal): Promise<readonly Remark[]> => {
  const operation = deps.operations[work.kind];
  if (operation === undefined) throw new HoldfastError("INTERNAL", `no operation of kind ${work.kind}`);
  return await operation({
    repository: deps.repositories.get(work.repositoryId),
    request: work.request,
    openManifest: (...given) => deps.repositories.keys.openManifest(...given),
    names: deps.repositories.names,
    knownJobs: async () => new Set((await listJobs(deps.database.queries)).map(({ jobId }) => jobId)),
    tell: (progress) => {
      deps.board.tell(work.sessionId, progress);
      // What is told before anything was done is no sign of life: a repository that stays away ends its session.
      if (progress.done > 0) deps.board.worked(work.sessionId, deps.clock.nowMs());
      deps.changes.changed(work.sessionId);
    },
    keep: (request) => updateMaintenanceRequest(deps.database.queries, work.sessionId, request),
    signal,
  });
};

/** The session of the same repository that began earlier and has to end first; undefined for none. */
const findTurnBefore = async (
  { database }: MaintenanceDeps,
  session: Session,
  work: Maintenance,
): Promise<string | undefined> => {
  for (const other of await listOpenMaintenance(database.queries)) {
    if (other.sessionId === work.sessionId || other.repositoryId !== work.repositoryId) continue;
    if (!excludeEachOther(other.kind, work.kind)) continue;
    const rival = await findSession(database.queries, other.sessionId);
    if (rival !== undefined && isEarlier(rival, session)) return rival.sessionId;
  }
  return undefined;
};

const isEarlier = (a: Session, b: Session): boolean =>
  a.createdMs === b.createdMs ? a.sessionId < b.sessionId : a.createdMs < b.createdMs;

/** Aborts when the controller stops, or when an operator wants the session to end. */
const watchWish = (
  deps: MaintenanceDeps,
  sessionId: string,
  signal: AbortSignal,
): Disposable & { readonly signal: AbortSignal } => {
  const over = new AbortController();
  const unwanted = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const watch = async (): Promise<void> => {
    while (!until.aborted) {
      await deps.changes.next(sessionId, until);
      const session = await findSession(deps.database.queries, sessionId);
      if (session !== undefined && session.wish !== "run") break;
    }
    if (!until.aborted) unwanted.abort(new HoldfastError("CANCELLED", "an operator cancelled it"));
  };
  watch().catch((caught: unknown) => {
    unwanted.abort(caught);
  });
  return {
    signal: AbortSignal.any([signal, unwanted.signal]),
    [Symbol.dispose]: () => {
      over.abort();
    },
  };
};

const end = async (deps: MaintenanceDeps, session: Session, { result, remarks }: Ending): Promise<Next> => {
  const { queries } = deps.database;
  const { sessionId } = session;
  const now = await findSession(queries, sessionId);
  if (now?.state === "running") await moveSession(queries, now, "ending");
  const ending = await findSession(queries, sessionId);
  if (ending?.state === "ending") {
    const change = { result, remarks: withRemarks(ending.remarks, remarks), endedMs: deps.clock.nowMs() };
    await moveSession(queries, ending, "ended", change);
    deps.log.info("session moved", { session: sessionId, from: "running", to: "ended", result });
  }
  deps.board.forget(sessionId);
  deps.changes.changed(sessionId);
  return final;
};
