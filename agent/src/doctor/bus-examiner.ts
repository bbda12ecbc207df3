import {
  ExaminedRequestSchema,
  ExaminedResponseSchema,
  ExamineRequestSchema,
  ExamineResponseSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { agentSubject } from "@holdfast/shared/bus/subjects";
import { busRequest } from "@holdfast/shared/bus/typed";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Examiner } from "./examiner.ts";

const timeoutMs = 5_000;

/** Asks the controller over the bus. */
export const createBusExaminer = (bus: Bus, agentId: string): Examiner => {
  const examine = {
    subject: agentSubject(agentId, "examine"),
    request: ExamineRequestSchema,
    response: ExamineResponseSchema,
  };
  const examined = {
    subject: agentSubject(agentId, "examined"),
    request: ExaminedRequestSchema,
    response: ExaminedResponseSchema,
  };
  return {
    begin: async (examineId, signal) => {
      const { examination } = await busRequest(bus, examine, { agentId, examineId }, { timeoutMs, signal });
      if (examination === undefined) throw new HoldfastError("INTERNAL", `nothing to examine for ${examineId}`);
      return examination;
    },
    tell: async (examineId, { checks, ...found }, signal) => {
      const told = { agentId, examineId, ...found, checks: [...checks] };
      await busRequest(bus, examined, told, { timeoutMs, signal });
    },
  };
};
