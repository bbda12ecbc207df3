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
import type { ManagerRegistry } from "../inventory/manager-registry.ts";
import type { AgentRegistry } from "./agent-registry.ts";
import { refuseRevoked } from "./refuse-revoked.ts";
import type { WakeBell } from "../sessions/work-deps.ts";
import { answerClaim } from "./answer-claim.ts";
import { answerCloseDisk } from "./answer-close-disk.ts";
import { answerHeartbeat } from "./answer-heartbeat.ts";
import { answerOpenDisk } from "./answer-open-disk.ts";
import { answerOrders } from "./answer-orders.ts";
import { answerReport } from "./answer-report.ts";
import { hearHello } from "./hear-hello.ts";
import type { AskedFrom, VerbDeps } from "./verb-deps.ts";

/** Serves every verb of agents until it is disposed. */
export const serveAgents = async (bus: Bus, deps: VerbDeps): Promise<AsyncDisposable> => {
  const stack = new AsyncDisposableStack();
  const on = (verb: AgentVerb) => ({ subject: anyAgentSubject(verb), queue: "controller", log: deps.log });
  const hello = { ...on("hello"), request: HelloRequestSchema, response: HelloResponseSchema };
  stack.use(await busServe(bus, hello, believed(deps, hearHello)));
  const claim = { ...on("claim"), request: ClaimRequestSchema, response: ClaimResponseSchema };
  stack.use(await busServe(bus, claim, believed(deps, answerClaim)));
  const orders = { ...on("orders"), request: OrdersRequestSchema, response: OrdersResponseSchema };
  stack.use(await busServe(bus, orders, believed(deps, answerOrders)));
  const openDisk = { ...on("open-disk"), request: OpenDiskRequestSchema, response: OpenDiskResponseSchema };
  stack.use(await busServe(bus, openDisk, believed(deps, answerOpenDisk)));
  const closeDisk = { ...on("close-disk"), request: CloseDiskRequestSchema, response: CloseDiskResponseSchema };
  stack.use(await busServe(bus, closeDisk, believed(deps, answerCloseDisk)));
  const heartbeat = { ...on("heartbeat"), request: HeartbeatRequestSchema, response: HeartbeatResponseSchema };
  stack.use(await busServe(bus, heartbeat, believed(deps, answerHeartbeat)));
  const report = { ...on("report"), request: ReportRequestSchema, response: ReportResponseSchema };
  stack.use(await busServe(bus, report, believed(deps, answerReport)));
  return stack;
};

type Verb<Request, Answer> = (deps: VerbDeps, request: Request, from: AskedFrom) => Promise<Answer>;

/** Answers everyone but an agent that was revoked: its place on the bus is taken from it too, a moment later. */
const believed =
  <Request, Answer>(deps: VerbDeps, answer: Verb<Request, Answer>) =>
  async (request: Request, from: AskedFrom): Promise<Answer> => {
    refuseRevoked(deps.identity.members, from);
    return await answer(deps, request, from);
  };

/** What turns ids into the names that subjects are made of. */
interface BellDeps {
  readonly agents: Pick<AgentRegistry, "list">;
  readonly managers: Pick<ManagerRegistry, "find">;
}

/** Nudges over the bus. */
export const createBusBell = (bus: Bus, deps: BellDeps): WakeBell => ({
  cluster: (managerId, clusterId) => {
    for (const subject of wakeSubjectsOf(deps, managerId, clusterId)) busPublish(bus, subject, WakeSchema, { v: 1 });
  },
  attempt: (agentId, attemptId) => {
    busPublish(bus, toAgentSubject(agentId), WakeSchema, { v: 1, attemptId });
  },
});

/** Subjects are made of the names that agents joined with: those in use there, and the present ones. */
const wakeSubjectsOf = ({ agents, managers }: BellDeps, managerId: string, clusterId: string): ReadonlySet<string> => {
  const manager = managers.find(managerId);
  const cluster = manager?.inventory?.clusters.find(({ id }) => id === clusterId);
  const subjects = agents
    .list()
    .filter((agent) => agent.managerId === managerId && agent.clusterId === clusterId)
    .map(({ managerName, clusterName }) => wakeSubject(managerName, clusterName));
  if (manager !== undefined && cluster !== undefined) subjects.push(wakeSubject(manager.record.name, cluster.name));
  return new Set(subjects);
};
