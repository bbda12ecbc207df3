import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ClaimRequest,
  ClaimRequestSchema,
  ClaimResponseSchema,
  type CloseDiskRequest,
  CloseDiskRequestSchema,
  CloseDiskResponseSchema,
  type HeartbeatRequest,
  HeartbeatRequestSchema,
  HeartbeatResponseSchema,
  type HelloRequest,
  HelloRequestSchema,
  HelloResponseSchema,
  type OpenDiskRequest,
  OpenDiskRequestSchema,
  OpenDiskResponseSchema,
  type OrdersRequest,
  OrdersRequestSchema,
  OrdersResponseSchema,
  type ReportRequest,
  ReportRequestSchema,
  ReportResponseSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { anyAgentSubject } from "@holdfast/shared/bus/subjects";
import { busServe } from "@holdfast/shared/bus/typed";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";

/** What a test answers for each verb; what it leaves out is answered with nothing to do. */
export interface Script {
  readonly hello?: (request: HelloRequest) => MessageInitShape<typeof HelloResponseSchema>;
  readonly claim?: (request: ClaimRequest) => MessageInitShape<typeof ClaimResponseSchema>;
  readonly orders?: (request: OrdersRequest) => MessageInitShape<typeof OrdersResponseSchema>;
  readonly openDisk?: (request: OpenDiskRequest) => MessageInitShape<typeof OpenDiskResponseSchema>;
  readonly closeDisk?: (request: CloseDiskRequest) => MessageInitShape<typeof CloseDiskResponseSchema>;
  readonly heartbeat?: (request: HeartbeatRequest) => MessageInitShape<typeof HeartbeatResponseSchema>;
  readonly report?: (request: ReportRequest) => MessageInitShape<typeof ReportResponseSchema>;
}

/** What agents asked, by verb, in order. */
export interface HeardRequests {
  readonly hello: HelloRequest[];
  readonly claim: ClaimRequest[];
  readonly orders: OrdersRequest[];
  readonly openDisk: OpenDiskRequest[];
  readonly closeDisk: CloseDiskRequest[];
  readonly heartbeat: HeartbeatRequest[];
  readonly report: ReportRequest[];
}

/** A controller that answers by a test's script. */
export interface ScriptedController extends AsyncDisposable {
  readonly heard: HeardRequests;
}

/** Serves the verbs of agents on a bus. */
export const openScriptedController = async (bus: Bus, script: Script): Promise<ScriptedController> => {
  const heard: HeardRequests = {
    hello: [],
    claim: [],
    orders: [],
    openDisk: [],
    closeDisk: [],
    heartbeat: [],
    report: [],
  };
  await using opening = new AsyncDisposableStack();
  const log = silentLogger;
  const hello = { subject: anyAgentSubject("hello"), request: HelloRequestSchema, response: HelloResponseSchema, log };
  const claim = { subject: anyAgentSubject("claim"), request: ClaimRequestSchema, response: ClaimResponseSchema, log };
  const orders = {
    subject: anyAgentSubject("orders"),
    request: OrdersRequestSchema,
    response: OrdersResponseSchema,
    log,
  };
  const openDisk = {
    subject: anyAgentSubject("open-disk"),
    request: OpenDiskRequestSchema,
    response: OpenDiskResponseSchema,
    log,
  };
  const closeDisk = {
    subject: anyAgentSubject("close-disk"),
    request: CloseDiskRequestSchema,
    response: CloseDiskResponseSchema,
    log,
  };
  const heartbeat = {
    subject: anyAgentSubject("heartbeat"),
    request: HeartbeatRequestSchema,
    response: HeartbeatResponseSchema,
    log,
  };
  const report = {
    subject: anyAgentSubject("report"),
    request: ReportRequestSchema,
    response: ReportResponseSchema,
    log,
  };
  const hear =
    <Request, Response>(list: Request[], answer: ((request: Request) => Response) | undefined, otherwise: Response) =>
    async (request: Request): Promise<Response> => {
      list.push(request);
      return answer === undefined ? otherwise : answer(request);
    };
  opening.use(await busServe(bus, hello, hear(heard.hello, script.hello, { heartbeatIntervalMs: 50 })));
  opening.use(await busServe(bus, claim, hear(heard.claim, script.claim, {})));
  opening.use(await busServe(bus, orders, hear(heard.orders, script.orders, {})));
  opening.use(await busServe(bus, openDisk, hear(heard.openDisk, script.openDisk, {})));
  opening.use(await busServe(bus, closeDisk, hear(heard.closeDisk, script.closeDisk, {})));
  opening.use(await busServe(bus, heartbeat, hear(heard.heartbeat, script.heartbeat, {})));
  opening.use(await busServe(bus, report, hear(heard.report, script.report, {})));
  const resources = opening.move();
  return { heard, [Symbol.asyncDispose]: () => resources.disposeAsync() };
};
