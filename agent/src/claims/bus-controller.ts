import {
  ClaimRequestSchema,
  ClaimResponseSchema,
  CloseDiskRequestSchema,
  CloseDiskResponseSchema,
  HeartbeatRequestSchema,
  HeartbeatResponseSchema,
  HelloRequestSchema,
  HelloResponseSchema,
  OpenDiskRequestSchema,
  OpenDiskResponseSchema,
  OrdersRequestSchema,
  OrdersResponseSchema,
  ReportRequestSchema,
  ReportResponseSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { agentSubject, type AgentVerb } from "@holdfast/shared/bus/subjects";
import { busRequest } from "@holdfast/shared/bus/typed";
import type { Controller } from "./controller.ts";

/** Who asks. */
export interface AgentSelf {
  readonly agentId: string;
  /** Random for each life of the process: a restarted agent holds nothing of its former one. */
  readonly incarnation: string;
}

/** A question that is not answered by then is asked again by whoever needs it. */
const timeoutMs = 5_000;

/** Asks the controller over the bus. */
export const createBusController = (bus: Bus, self: AgentSelf): Controller => {
  const { agentId } = self;
  const on = (verb: AgentVerb): { readonly subject: string } => ({ subject: agentSubject(agentId, verb) });
  const hello = { ...on("hello"), request: HelloRequestSchema, response: HelloResponseSchema };
  const claim = { ...on("claim"), request: ClaimRequestSchema, response: ClaimResponseSchema };
  const orders = { ...on("orders"), request: OrdersRequestSchema, response: OrdersResponseSchema };
  const openDisk = { ...on("open-disk"), request: OpenDiskRequestSchema, response: OpenDiskResponseSchema };
  const closeDisk = { ...on("close-disk"), request: CloseDiskRequestSchema, response: CloseDiskResponseSchema };
  const heartbeat = { ...on("heartbeat"), request: HeartbeatRequestSchema, response: HeartbeatResponseSchema };
  const report = { ...on("report"), request: ReportRequestSchema, response: ReportResponseSchema };

  return {
    hello: (said, signal) => busRequest(bus, hello, { ...said, ...self }, { timeoutMs, signal }),
    claim: async (freeSlots, signal) =>
      (await busRequest(bus, claim, { ...self, freeSlots }, { timeoutMs, signal })).attempt,
    orders: async (attemptId, signal) =>
      (await busRequest(bus, orders, { agentId, attemptId }, { timeoutMs, signal })).orders,
    openDisk: async (disk, signal) =>
      (await busRequest(bus, openDisk, { ...disk, agentId }, { timeoutMs, signal })).access,
    closeDisk: async (disk, signal) => {
      await busRequest(bus, closeDisk, { ...disk, agentId }, { timeoutMs, signal });
    },
    heartbeat: async (attempts, signal) =>
      (await busRequest(bus, heartbeat, { ...self, attempts: [...attempts] }, { timeoutMs, signal })).ended,
    report: async (end, signal) => {
      await busRequest(bus, report, { ...end, agentId }, { timeoutMs, signal });
    },
  };
};
