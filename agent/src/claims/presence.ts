import { WakeSchema, type HelloResponse } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { toAgentSubject, wakeSubject } from "@holdfast/shared/bus/subjects";
import { busSubscribe } from "@holdfast/shared/bus/typed";
import type { Clock } from "@holdfast/shared/clock/clock";
import { runForever } from "@holdfast/shared/lifecycle/run-forever";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Claimer } from "./claimer.ts";
import type { Nudge } from "./nudge.ts";
import type { Standing } from "./standing.ts";

/** What being there needs. */
export interface PresenceDeps {
  readonly bus: Bus;
  readonly agentId: string;
  /** Where the agent is deployed, by the names that operators use. */
  readonly place: { readonly managerName: string; readonly clusterName: string };
  readonly sayHello: (busySlots: number, signal: AbortSignal) => Promise<HelloResponse>;
  readonly standing: Standing;
  readonly claimer: Claimer;
  /** Rings when something is to be said at once. */
  readonly nudge: Nudge;
  readonly clock: Clock;
  readonly log: Logger;
}

const helloEveryMs = 5_000;
/** While no controller knows its manager or cluster: it may be added any moment, and work may wait for it then. */
const helloUnplacedMs = 1_000;

/** Says hello every few seconds, and listens to the wake-ups of this agent and of its cluster, until the signal aborts. */
export const bePresent = async (deps: PresenceDeps, signal: AbortSignal): Promise<void> => {
  const { agentId, place, nudge, clock, log } = deps;
  await using _own = await listen(deps, toAgentSubject(agentId));
  await using _cluster = await listen(deps, wakeSubject(place.managerName, place.clusterName));
  let wasPlaced = false;
  const step = async (each: AbortSignal): Promise<void> => {
    const { waitMs, isPlaced } = await sayHello(deps, each);
    // What waited before the controller knew where this agent is rang nobody.
    if (isPlaced && !wasPlaced) deps.claimer.wake("");
    wasPlaced = isPlaced;
    await nudge.wait(waitMs, clock, each);
  };
  await runForever(signal, step, {
    name: "hello",
    clock,
    log,
    everyMs: 0,
    backoff: { firstMs: 500, maxMs: helloEveryMs },
  });
};

const sayHello = async (
  { sayHello: say, standing, claimer }: PresenceDeps,
  signal: AbortSignal,
): Promise<{ readonly waitMs: number; readonly isPlaced: boolean }> => {
  const answer = await standing.judge(() => say(claimer.busySlots, signal));
  // A controller that cannot be worked for is asked on, and told why: it may be upgraded or mended.
  if (answer === undefined) return { waitMs: helloEveryMs, isPlaced: false };
  const { managerId, clusterId, heartbeatIntervalMs } = answer;
  if (heartbeatIntervalMs > 0) claimer.heartbeatMs = heartbeatIntervalMs;
  const isPlaced = managerId !== "" && clusterId !== "";
  return { waitMs: isPlaced ? helloEveryMs : helloUnplacedMs, isPlaced };
};

const listen = async ({ bus, claimer, log }: PresenceDeps, subject: string): Promise<AsyncDisposable> => {
  const wakes = await busSubscribe(bus, subject, WakeSchema, log);
  const listening = (async () => {
    for await (const { attemptId, examineId } of wakes) if (examineId === "") claimer.wake(attemptId);
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      await wakes[Symbol.asyncDispose]();
      await listening;
    },
  };
};
