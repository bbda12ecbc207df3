import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ListSessionsRequest,
  SessionSchema,
  SessionService,
} from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { findJob } from "../../database/jobs-table.ts";
import { listSessions } from "../../database/sessions-table.ts";
import { wishFor } from "../../sessions/wish.ts";
import type { ApiDeps } from "../api-deps.ts";
import { inBatches } from "../in-batches.ts";
import { readSession, withTasks } from "./read-session.ts";
import { toSession } from "./to-session.ts";
import { watchSession } from "./watch-session.ts";

const usualLimit = 50;
const largestLimit = 10_000;

/** `holdfast.controller.v1.SessionService`. */
export const serveSessions = (deps: ApiDeps): ServedService =>
  serveService(SessionService, {
    listSessions: async function* (request, { signal }) {
      for await (const sessions of inBatches(SessionSchema, showSessions(deps, request, signal))) yield { sessions };
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

async function* showSessions(
  deps: ApiDeps,
  { job, limit, activeOnly }: ListSessionsRequest,
  signal: AbortSignal,
): AsyncGenerator<MessageInitShape<typeof SessionSchema>> {
  const { queries } = deps.database;
  const jobId = job === "" ? undefined : ((await findJob(queries, job))?.jobId ?? job);
  const most = Math.min(limit === 0 ? usualLimit : limit, largestLimit);
  for (const session of await listSessions(queries, { jobId, activeOnly, limit: most })) {
    signal.throwIfAborted();
    yield toSession(deps, await withTasks(deps, session), false);
  }
}
