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
  WakeSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { type AgentVerb, anyAgentSubject, toAgentSubject, wakeSubject } from "@holdfast/shared/bus/subjects";
import { busPublish, busServe } from "@holdfast/shared/bus/typed";
import type { WakeBell } from "../sessions/work-deps.ts";
import { answerClaim } from "./answer-claim.ts";
import { answerCloseDisk } from "./answer-close-disk.ts";
import { answerHeartbeat } from "./answer-heartbeat.ts";
import { answerOpenDisk } from "./answer-open-disk.ts";
import { answerOrders } from "./answer-orders.ts";
import { answerReport } from "./answer-report.ts";
import { hearHello } from "./hear-hello.ts";
import type { VerbDeps } from "./verb-deps.ts";

/** Serves every verb of agents until it is disposed. */
export const serveAgents = async (bus: Bus, deps: VerbDeps): Promise<AsyncDisposable> => {
  const stack = new AsyncDisposableStack();
  const on = (verb: AgentVerb) => ({ subject: anyAgentSubject(verb), queue: "controller", log: deps.log });
  const hello = { ...on("hello"), request: HelloRequestSchema, response: HelloResponseSchema };
  stack.use(await busServe(bus, hello, (request, from) => hearHello(deps, request, from)));
  const claim = { ...on("claim"), request: ClaimRequestSchema, response: ClaimResponseSchema };
  stack.use(await busServe(bus, claim, (request, from) => answerClaim(deps, request, from)));
  const orders = { ...on("orders"), request: OrdersRequestSchema, response: OrdersResponseSchema };
  stack.use(await busServe(bus, orders, (request, from) => answerOrders(deps, request, from)));
  const openDisk = { ...on("open-disk"), request: OpenDiskRequestSchema, response: OpenDiskResponseSchema };
  stack.use(await busServe(bus, openDisk, (request, from) => answerOpenDisk(deps, request, from)));
  const closeDisk = { ...on("close-disk"), request: CloseDiskRequestSchema, response: CloseDiskResponseSchema };
  stack.use(await busServe(bus, closeDisk, (request, from) => answerCloseDisk(deps, request, from)));
  const heartbeat = { ...on("heartbeat"), request: HeartbeatRequestSchema, response: HeartbeatResponseSchema };
  stack.use(await busServe(bus, heartbeat, (request, from) => answerHeartbeat(deps, request, from)));
  const report = { ...on("report"), request: ReportRequestSchema, response: ReportResponseSchema };
  stack.use(await busServe(bus, report, (request, from) => answerReport(deps, request, from)));
  return stack;
};

/** Nudges over the bus. */
export const createBusBell = (bus: Bus): WakeBell => ({
  cluster: (managerId, clusterId) => {
    busPublish(bus, wakeSubject(managerId, clusterId), WakeSchema, { v: 1 });
  },
  attempt: (agentId, attemptId) => {
    busPublish(bus, toAgentSubject(agentId), WakeSchema, { v: 1, attemptId });
  },
});
