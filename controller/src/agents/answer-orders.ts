import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OrdersRequest, OrdersResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Orders, TaskWork, Try } from "../sessions/task-work.ts";
import { type AskedFrom, type VerbDeps, askingAgent, findTry } from "./verb-deps.ts";

/** Verb `orders`: what an attempt is to do, once the engine is ready for it. */
export const answerOrders = async (
  deps: VerbDeps,
  request: OrdersRequest,
  from: AskedFrom,
): Promise<MessageInitShape<typeof OrdersResponseSchema>> => {
  const agentId = askingAgent(from, request.agentId);
  const found = await findTry(deps, request.attemptId);
  if (found === undefined || found.attempt.agentId !== agentId)
    return { v: 1, orders: { case: "ended", value: "ATTEMPT_UNKNOWN" } };
  if (found.attempt.state === "open") deps.liveness.heard(request.attemptId);
  return { v: 1, orders: ordersOf(found) };
};

const ordersOf = (found: Try & { readonly work: TaskWork }): Orders => {
  const { attempt, task, work } = found;
  if (attempt.state !== "open") return { case: "ended", value: endCodeOf(found) };
  if (task.state === "running") return work.orders(found);
  return { case: "preparing", value: task.doing };
};

/** The code that tells an agent why its attempt is over. */
export const endCodeOf = ({ attempt }: Pick<Try, "attempt">): string => {
  const code = attempt.ending?.code ?? "";
  return code === "" ? "ATTEMPT_FENCED" : code;
};
