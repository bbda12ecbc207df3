import type { Bus } from "@holdfast/shared/bus/bus";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { usualLowWaterBytes } from "@holdfast/shared/doctor/space-finding";
import { leafOf } from "@holdfast/shared/identity/certificates";
import { keepRenewed } from "@holdfast/shared/identity/keep-renewed";
import { refreshTrust } from "@holdfast/shared/identity/refresh-trust";
import { onAbort } from "@holdfast/shared/lifecycle/abort";
import { runForever } from "@holdfast/shared/lifecycle/run-forever";
import type { Logger } from "@holdfast/shared/logging/logger";
import { productVersion } from "@holdfast/shared/version/product-version";
import { Claimer } from "./claims/claimer.ts";
import type { Controller } from "./claims/controller.ts";
import { Nudge } from "./claims/nudge.ts";
import { bePresent } from "./claims/presence.ts";
import type { Readiness } from "./claims/readiness.ts";
import { RunningAttempt } from "./claims/run-attempt.ts";
import { Standing } from "./claims/standing.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { LoanBook } from "./disk-service/loan-book.ts";
import { createBusExaminer } from "./doctor/bus-examiner.ts";
import { serveExaminations } from "./doctor/serve-examinations.ts";
import { shareRoom } from "./lanes/lane-room.ts";
import type { AgentMembership } from "./membership/agent-membership.ts";

/** Everything that a running agent works with. */
export interface AgentFrame {
  readonly config: AgentConfig;
  readonly membership: AgentMembership;
  readonly bus: Bus;
  readonly controller: Controller;
  readonly diskServiceAddress: string;
  readonly readiness: Readiness;
  readonly loans: LoanBook;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

/** At a stop the controller is told of every attempt that ends by it, if it answers in that time. */
const reportWithinMs = 5_000;
const trustEveryMs = 10_000;

/** Accept nothing new, drain, cancel; what is left is closed by whoever opened it. */
export const runAgent = async (frame: AgentFrame, signal: AbortSignal, hurry: AbortSignal): Promise<void> => {
  const { membership, clock, log } = frame;
  const claimer = createClaimer(frame);
  const gone = new AbortController();
  const failed = new AbortController();
  const fail = (caught: unknown): void => {
    failed.abort(caught);
  };
  const renewing = keepRenewed(membership.opened, { clock, log }, gone.signal).catch(fail);
  const stopping = AbortSignal.any([signal, failed.signal]);
  const heartbeats = claimer.beat(gone.signal);
  const examinations = stayExaminable(frame, gone.signal);
  const presence = stayPresent(frame, { claimer, stopping, gone: gone.signal }).catch(fail);
  const trusting = askForTrust(frame, gone.signal);

  await claimer.claim(stopping);
  await drain(frame, claimer, AbortSignal.any([hurry, failed.signal]));
  gone.abort();
  await Promise.all([heartbeats, presence, examinations, renewing, trusting]);
  failed.signal.throwIfAborted();
};

/** Who is revoked is put off the bus, where it would hear so: an agent that is not ready asks the controller's API. */
const askForTrust = async ({ membership, readiness, clock, log }: AgentFrame, signal: AbortSignal): Promise<void> => {
  const step = async (each: AbortSignal): Promise<void> => {
    await clock.sleep(trustEveryMs, each);
    if (!readiness.isReady) await refreshTrust(membership.opened, clock, each);
  };
  await runForever(signal, step, {
    name: "trust",
    clock,
    log,
    everyMs: 0,
    backoff: { firstMs: 500, maxMs: trustEveryMs },
  });
};

const createClaimer = (frame: AgentFrame): Claimer => {
  const { config, membership, controller, clock, random, log } = frame;
  const where = { hostName: config.host, reachableHosts: config.reachableHosts, routes: config.routes };
  const room = shareRoom(config.memoryBudgetBytes, config.slots, config.lanes);
  const deps = { controller, where, holder: membership.opened.holder, room, clock, random, log };
  const { slots } = config;
  return new Claimer({ controller, slots, clock, log, start: (attempt) => new RunningAttempt(attempt, deps) });
};

interface Presence {
  readonly claimer: Claimer;
  /** From then on it says that it drains. */
  readonly stopping: AbortSignal;
  readonly gone: AbortSignal;
}

/** Says hello until it is gone, so that a controller knows the difference between one that drains and one that died. */
const stayPresent = async (frame: AgentFrame, { claimer, stopping, gone }: Presence): Promise<void> => {
  const { config, membership, bus, controller, diskServiceAddress, readiness, clock, log } = frame;
  const { agentId, name, place, opened, busKey } = membership;
  const { host: hostName, reachableHosts, slots } = config;
  const said = {
    ...place,
    name,
    version: productVersion,
    hostName,
    slots,
    diskServiceAddress,
    reachableHosts,
    startedMs: BigInt(clock.nowMs()),
    busJwt: busKey.jwt,
  };
  const standing = new Standing({ trust: opened.trust, claimer, readiness, log });
  const presentOf = () => ({
    certificatePem: leafOf(opened.holder.current.certificatePem),
    draining: stopping.aborted,
    refusal: standing.refusal,
  });
  const sayHello = (busySlots: number, each: AbortSignal): ReturnType<Controller["hello"]> =>
    controller.hello({ ...said, ...presentOf(), busySlots }, each);
  const nudge = new Nudge();
  const unlink = onAbort(stopping, () => {
    nudge.ring();
  });
  await bePresent({ bus, agentId, place, sayHello, standing, claimer, nudge, clock, log }, gone);
  unlink();
};

/** Looks at itself and around itself whenever the controller asks for that, also while it drains. */
const stayExaminable = async (frame: AgentFrame, gone: AbortSignal): Promise<void> => {
  const { config, membership, bus, clock, log } = frame;
  const { agentId, opened, busServers } = membership;
  const { holder, trust, folder } = opened;
  const folders = [
    { subject: "data folder", path: config.dataDir, lowWaterBytes: usualLowWaterBytes },
    { subject: "identity folder", path: folder, lowWaterBytes: usualLowWaterBytes },
  ];
  const { controllers } = opened.membership;
  const examiner = createBusExaminer(bus, agentId);
  const deps = { bus, agentId, examiner, holder, trust, folders, busServers, controllers, clock, log };
  await serveExaminations(deps, gone).catch((caught: unknown) => {
    log.error("this agent cannot be examined", { err: caught });
  });
};

/** Lets attempts and those who read through this agent finish, then ends those that are left with a report, then without one. */
const drain = async (
  { config, loans, clock, log }: AgentFrame,
  claimer: Claimer,
  hurry: AbortSignal,
): Promise<void> => {
  const { drainMs } = config;
  const [attempts, lent] = [claimer.busySlots, loans.size];
  if (attempts + lent > 0) log.info("draining", { attempts, lent, drainMs });
  await within(Promise.all([claimer.idle(), loans.idle()]), { ms: drainMs, clock, signal: hurry });
  claimer.stop();
  await within(claimer.idle(), { ms: reportWithinMs, clock });
  claimer.end();
  await claimer.idle();
};

interface Patience {
  readonly ms: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** Waits for what never fails, but no longer than `ms`, nor than the signal allows. */
const within = async (done: Promise<unknown>, { ms, clock, signal }: Patience): Promise<void> => {
  const over = new AbortController();
  const unlink = onAbort(signal, () => {
    over.abort();
  });
  const waited = clock.sleep(ms, over.signal).catch(() => undefined);
  await Promise.race([done, waited]);
  unlink();
  over.abort();
};
