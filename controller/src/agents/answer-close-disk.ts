import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CloseDiskRequest, CloseDiskResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { type AskedFrom, type VerbDeps, askingAgent, tryOfAgent } from "./verb-deps.ts";

/**
 * Verb `close-disk`: the holder is done with a disk, so the engine may have it back early. A lender's word closes nothing: the
 * holder may go on by another way.
 */
export const answerCloseDisk = async (
  deps: VerbDeps,
  request: CloseDiskRequest,
  from: AskedFrom,
): Promise<MessageInitShape<typeof CloseDiskResponseSchema>> => {
  const agentId = askingAgent(from, request.agentId);
  if (request.loanId !== "") return { v: 1 };
  const what = await tryOfAgent(deps, request.attemptId, agentId);
  if (what.attempt.state !== "open" || what.task.state !== "running") return { v: 1 };
  deps.tickets.close(what, what.work.openable(what, request.diskId), request.succeeded);
  return { v: 1 };
};
