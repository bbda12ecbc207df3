import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  WatchSessionRequest,
  WatchSessionResponseSchema,
} from "@holdfast/proto/holdfast/controller/v1/session_pb";
import type { CallContext } from "@holdfast/shared/rpc/implementation";
import type { ApiDeps } from "../api-deps.ts";
import { readSession } from "./read-session.ts";
import { toSession } from "./to-session.ts";

/** Changes that come closer together than this are told as one. */
const coalesceMs = 300;

/** The session now, then again whenever it changed, until it has ended. The newest state is told, never a backlog. */
export async function* watchSession(
  deps: ApiDeps,
  { sessionId }: WatchSessionRequest,
  context: Pick<CallContext, "signal" | "closing">,
): AsyncGenerator<MessageInitShape<typeof WatchSessionResponseSchema>> {
  const signal = AbortSignal.any([context.signal, context.closing]);
  while (!signal.aborted) {
    const changed = deps.changes.next(sessionId, signal);
    const shown = await readSession(deps, sessionId);
    yield { session: toSession(deps, shown) };
    if (shown.session.state === "ended") return;
    await changed;
    await quietly(deps.clock.sleep(coalesceMs, signal), signal);
  }
}

const quietly = async (sleep: Promise<void>, signal: AbortSignal): Promise<void> => {
  try {
    await sleep;
  } catch (caught) {
    if (!signal.aborted) throw caught;
  }
};
