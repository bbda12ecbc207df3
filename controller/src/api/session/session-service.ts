import { SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { findJob } from "../../database/jobs-table.ts";
import { listSessions } from "../../database/sessions-table.ts";
import { wishFor } from "../../sessions/wish.ts";
import type { ApiDeps } from "../api-deps.ts";
import { readSession, withTasks } from "./read-session.ts";
import { toSession } from "./to-session.ts";
import { watchSession } from "./watch-session.ts";

const usualLimit = 50;
const largestLimit = 1_000;

/** `holdfast.controller.v1.SessionService`. */
export const serveSessions = (deps: ApiDeps): ServedService =>
  serveService(SessionService, {
    listSessions: async ({ job, limit, activeOnly }) => {
      const { queries } = deps.database;
      const jobId = job === "" ? undefined : ((await findJob(queries, job))?.jobId ?? job);
      const sessions = await listSessions(queries, {
        jobId,
        activeOnly,
        limit: Math.min(limit === 0 ? usualLimit : limit, largestLimit),
      });
      const shown = [];
      for (const session of sessions) shown.push(toSession(deps, await withTasks(deps, session), false));
      return { sessions: shown };
    },
    getSession: async ({ sessionId }) => ({ session: toSession(deps, await readSession(deps, sessionId)) }),
    watchSession: (request, context) => watchSession(deps, request, context),
    stopSession: async ({ sessionId }) => {
      await wishFor(deps, sessionId, "stop");
      return { session: toSession(deps, await readSession(deps, sessionId)) };
    },
    cancelSession: async ({ sessionId }) => {
      await wishFor(deps, sessionId, "cancel");
      return { session: toSession(deps, await readSession(deps, sessionId)) };
    },
  });
