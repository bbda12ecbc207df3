import { WakeSchema, type HelloResponse } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { toAgentSubject, wakeSubject } from "@holdfast/shared/bus/subjects";
import { busSubscribe } from "@holdfast/shared/bus/typed";
import type { Clock } from "@holdfast/shared/clock/clock";
import { runForever } from "@holdfast/shared/lifecycle/run-forever";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Claimer } from "./claimer.ts";

/** What being there needs. */
export interface PresenceDeps {
  readonly bus: Bus;
  readonly agentId: string;
  readonly sayHello: (busySlots: number, signal: AbortSignal) => Promise<HelloResponse>;
  readonly claimer: Claimer;
  readonly clock: Clock;
  readonly log: Logger;
}

const helloEveryMs = 5_000;
/** While no controller knows its manager or cluster: it may be added any moment, and work may wait for it then. */
const helloUnplacedMs = 1_000;

/** Says hello every few seconds, and listens to the wake-ups of this agent and of its cluster, until the signal aborts. */
export const bePresent = async (deps: PresenceDeps, signal: AbortSignal): Promise<void> => {
  const { agentId, sayHello, claimer, clock, log } = deps;
  await using _own = await listen(deps, toAgentSubject(agentId));
  await using cluster = new ClusterWakes(deps);
  const step = async (each: AbortSignal): Promise<number> => {
    const { managerId, clusterId, heartbeatIntervalMs } = await sayHello(claimer.busySlots, each);
    if (heartbeatIntervalMs > 0) claimer.heartbeatMs = heartbeatIntervalMs;
    if (managerId === "" || clusterId === "") return helloUnplacedMs;
    await cluster.follow(wakeSubject(managerId, clusterId));
    return helloEveryMs;
  };
  await runForever(signal, step, {
    name: "hello",
    clock,
    log,
    everyMs: helloEveryMs,
    backoff: { firstMs: 500, maxMs: helloEveryMs },
  });
};

/** The wake-ups of the cluster, whose subject is known once a controller knows the agent. */
class ClusterWakes implements AsyncDisposable {
  readonly #deps: PresenceDeps;
  #subject = "";
  #listening: AsyncDisposable | undefined;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
  }

  async follow(subject: string): Promise<void> {
    if (subject === this.#subject) return;
    await this.#listening?.[Symbol.asyncDispose]();
    this.#listening = await listen(this.#deps, subject);
    this.#subject = subject;
    // What waited before the subject was known rang nobody.
    this.#deps.claimer.wake("");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listening?.[Symbol.asyncDispose]();
  }
}

const listen = async ({ bus, claimer, log }: PresenceDeps, subject: string): Promise<AsyncDisposable> => {
  const wakes = await busSubscribe(bus, subject, WakeSchema, log);
  const listening = (async () => {
    for await (const { attemptId } of wakes) claimer.wake(attemptId);
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      await wakes[Symbol.asyncDispose]();
      await listening;
    },
  };
};
