import {
  ExaminedRequestSchema,
  ExaminedResponseSchema,
  ExamineRequestSchema,
  ExamineResponseSchema,
  WakeSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { anyAgentSubject, toAgentSubject } from "@holdfast/shared/bus/subjects";
import { busPublish, busServe } from "@holdfast/shared/bus/typed";
import type { Logger } from "@holdfast/shared/logging/logger";
import { askingAgent } from "../agents/verb-deps.ts";
import type { ExaminationDesk } from "./examination-desk.ts";

/** Answers the agents that are examined, until it is disposed. */
export const serveExaminations = async (bus: Bus, desk: ExaminationDesk, log: Logger): Promise<AsyncDisposable> => {
  await using stack = new AsyncDisposableStack();
  const examine = {
    subject: anyAgentSubject("examine"),
    request: ExamineRequestSchema,
    response: ExamineResponseSchema,
    queue: "controller",
    log,
  };
  stack.use(
    await busServe(bus, examine, async ({ agentId, examineId }, from) => ({
      examination: desk.begin(askingAgent(from, agentId), examineId),
    })),
  );
  const examined = {
    subject: anyAgentSubject("examined"),
    request: ExaminedRequestSchema,
    response: ExaminedResponseSchema,
    queue: "controller",
    log,
  };
  stack.use(
    await busServe(bus, examined, async ({ agentId, examineId, ...arrived }, from) => {
      desk.take(askingAgent(from, agentId), examineId, arrived);
      return {};
    }),
  );
  return stack.move();
};

/** Tells an agent that an examination waits for it. */
export type RingForExamination = (agentId: string, examineId: string) => void;

/** Rings over the bus. */
export const createExaminationBell =
  (bus: Bus): RingForExamination =>
  (agentId, examineId) => {
    busPublish(bus, toAgentSubject(agentId), WakeSchema, { examineId });
  };
