import type { Bus } from "@holdfast/shared/bus/bus";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { type AgentId, type RandomBytes, randomName, systemRandom } from "@holdfast/shared/ids/ids";
import { refuseRevoked } from "@holdfast/shared/identity/open-membership";
import { refreshTrust } from "@holdfast/shared/identity/refresh-trust";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { RpcServer } from "@holdfast/shared/rpc/server";
import { createBusController } from "./claims/bus-controller.ts";
import { Readiness } from "./claims/readiness.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { openDiskServer } from "./disk-service/disk-server.ts";
import { LoanBook } from "./disk-service/loan-book.ts";
import { type AgentMembership, openAgentMembership } from "./membership/agent-membership.ts";
import { type AgentFrame, runAgent } from "./run-agent.ts";

/** What an agent needs from outside; tests put their own in the place of the machine's. */
export interface AgentDeps {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
}

/** An agent that is ready to work. Disposing it closes its connections. */
export interface Agent extends AsyncDisposable {
  readonly agentId: AgentId;
  /** Where it serves disks; empty for nowhere. */
  readonly diskServiceAddress: string;
  /**
   * Works until the signal aborts, then finishes what it holds; what is left when `hurry` aborts, or after the time that it is
   * configured to take, it ends. Rejects with IDENTITY_REVOKED when this agent was taken back.
   */
  run(signal: AbortSignal, hurry?: AbortSignal): Promise<void>;
}

/** Wires an agent: identity, which it may have to wait for, then bus, disk service, claims. */
export const createAgent = async (config: AgentConfig, deps: AgentDeps, signal: AbortSignal): Promise<Agent> => {
  const { log, clock = systemClock, random = systemRandom } = deps;
  await using opening = new AsyncDisposableStack();
  const membership = await openAgentMembership(config, { clock, log }, signal);
  const { agentId } = membership;
  const bus = opening.use(await connectBus(membership, { log, clock }, signal));
  const controller = createBusController(bus, { agentId, incarnation: randomName(16, random) });
  const loans = new LoanBook();
  const shared = { config, membership, bus, controller, loans, clock, random, log };
  const server = await openDiskServer(shared);
  if (server !== undefined) opening.use(server);
  const diskServiceAddress = server === undefined ? "" : config.diskService.address || server.address;
  const readiness = opening.use(watchReadiness(bus, server, clock));
  const frame: AgentFrame = { ...shared, diskServiceAddress, readiness };

  const resources = opening.move();
  return {
    agentId,
    diskServiceAddress,
    run: (each, hurry = new AbortController().signal) => runAgent(frame, each, hurry),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
};

const connectBus = async (
  { agentId, name, busServers, busKey, opened }: AgentMembership,
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Bus> => {
  const credentials = busCredentials(opened.holder, busKey);
  try {
    return await openBus({ servers: busServers, credentials, name, ownerId: agentId, log }, signal);
  } catch (caught) {
    // Who was revoked is not let onto the bus, and hears why at the controller's API.
    await refreshTrust(opened, clock, signal).catch(() => undefined);
    refuseRevoked(opened.trust, opened.holder.current.certificatePem);
    throw caught;
  }
};

/** Whoever asks the disk server for its health learns whether this agent is ready. */
const watchReadiness = (bus: Bus, server: RpcServer | undefined, clock: Clock): Readiness => {
  const readiness = new Readiness({
    clock,
    setServing: (isServing) => {
      server?.setServing(isServing);
    },
  });
  bus.onState((state) => {
    readiness.busIs(state);
  });
  return readiness;
};
