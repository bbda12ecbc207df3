import type { Bus } from "@holdfast/shared/bus/bus";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { type AgentId, type RandomBytes, randomName, systemRandom } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { openRpcServer, type RpcServer } from "@holdfast/shared/rpc/server";
import { createAttemptDesk } from "./claims/attempt-desk.ts";
import { createBusController } from "./claims/bus-controller.ts";
import { Claimer } from "./claims/claimer.ts";
import type { Controller } from "./claims/controller.ts";
import { Nudge } from "./claims/nudge.ts";
import { bePresent } from "./claims/presence.ts";
import { RunningAttempt } from "./claims/run-attempt.ts";
import { loadAgentId } from "./config/agent-id.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { productVersion } from "@holdfast/shared/version/product-version";
import { createDiskService, type LoanRequest } from "./disk-service/disk-service.ts";
import { type OpenDisk, openDisk } from "./disks/open-disk.ts";
import { shareRoom } from "./lanes/lane-room.ts";

/** What tests put in the place of the machine's own. */
export interface AgentOverrides {
  readonly clock?: Clock;
  readonly random?: RandomBytes;
}

/** An agent that is ready to work. Disposing it closes its connections. */
export interface Agent extends AsyncDisposable {
  readonly agentId: AgentId;
  /** Where it serves disks; empty for nowhere. */
  readonly diskServiceAddress: string;
  /** Works until the signal aborts, then ends what it holds. */
  run(signal: AbortSignal): Promise<void>;
}

interface Frame {
  readonly config: AgentConfig;
  readonly agentId: AgentId;
  readonly bus: Bus;
  readonly controller: Controller;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

/** At a stop the controller is told of every attempt that ends by it, if it answers in that time. */
const reportWithinMs = 5_000;

/** Wires an agent: identity, bus, disk service, claims. */
export const createAgent = async (config: AgentConfig, log: Logger, overrides: AgentOverrides = {}): Promise<Agent> => {
  const { clock = systemClock, random = systemRandom } = overrides;
  await using opening = new AsyncDisposableStack();
  const agentId = await loadAgentId(config.dataDir, random);
  const { servers, security } = config.bus;
  const bus = opening.use(
    await openBus({ servers, credentials: busCredentials(security), name: config.name, ownerId: agentId, log }),
  );
  const controller = createBusController(bus, { agentId, incarnation: randomName(16, random) });
  const frame: Frame = { config, agentId, bus, controller, clock, random, log };
  const server = await openDiskServer(frame);
  if (server !== undefined) opening.use(server);
  const diskServiceAddress = server === undefined ? "" : config.diskService.address || server.address;

  const resources = opening.move();
  return {
    agentId,
    diskServiceAddress,
    run: (signal) => run(frame, { diskServiceAddress }, signal),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
};

/** Accept nothing new, drain, cancel; what is left is closed by disposal. */
const run = async (frame: Frame, self: { readonly diskServiceAddress: string }, signal: AbortSignal): Promise<void> => {
  const { config, bus, agentId, controller, clock, random, log } = frame;
  const { host: hostName, reachableHosts, slots } = config;
  const where = { hostName, reachableHosts };
  const room = shareRoom(config.memoryBudgetBytes, slots, config.lanes);
  const deps = { controller, where, security: config.rpc.security, room, clock, random, log };
  const claimer = new Claimer({ controller, slots, clock, log, start: (attempt) => new RunningAttempt(attempt, deps) });
  const said = {
    name: config.name,
    version: productVersion,
    managerName: config.manager,
    clusterName: config.cluster,
    hostName,
    slots,
    diskServiceAddress: self.diskServiceAddress,
    reachableHosts,
    startedMs: BigInt(clock.nowMs()),
  };
  const beating = new AbortController();
  const heartbeats = claimer.beat(beating.signal);
  const sayHello = (busySlots: number, each: AbortSignal): ReturnType<Controller["hello"]> =>
    controller.hello({ ...said, busySlots }, each);
  await Promise.all([bePresent({ bus, agentId, sayHello, claimer, clock, log }, signal), claimer.claim(signal)]);

  await idleWithin(claimer, config.drainMs, clock);
  claimer.stop();
  await idleWithin(claimer, reportWithinMs, clock);
  claimer.end();
  await claimer.idle();
  beating.abort();
  await heartbeats;
};

/** Waits until no attempt is left, but no longer than `ms`. */
const idleWithin = async (claimer: Claimer, ms: number, clock: Clock): Promise<void> => {
  const over = new AbortController();
  const waited = clock.sleep(ms, over.signal).catch(() => undefined);
  await Promise.race([claimer.idle(), waited]);
  over.abort();
};

const openDiskServer = async (frame: Frame): Promise<RpcServer | undefined> => {
  const { config, clock, random, log } = frame;
  if (config.diskService.listen === "") return undefined;
  const service = createDiskService({ openLoan: (loan, signal) => openLoan(frame, loan, signal), clock, random, log });
  const credentials = serverCredentials(config.rpc.security);
  return await openRpcServer({ listen: config.diskService.listen, credentials, services: [service], log });
};

/** Claims the ticket of a lent disk from the controller itself, so that none travels between agents (A11). */
const openLoan = async (
  { config, controller, clock, log }: Frame,
  loan: LoanRequest,
  signal: AbortSignal,
): Promise<OpenDisk> => {
  const { loanId, taskId, attemptId, diskId } = loan;
  const desk = createAttemptDesk({ controller, attemptId, loanId, nudge: new Nudge(), clock, log });
  const where = { hostName: config.host, reachableHosts: config.reachableHosts };
  return await openDisk(diskId, { desk, where, security: config.rpc.security, clock, taskId, attemptId }, signal);
};
