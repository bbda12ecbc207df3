import type { Attempt } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { runForever } from "@holdfast/shared/lifecycle/run-forever";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Controller } from "./controller.ts";
import { Nudge } from "./nudge.ts";
import type { RunningAttempt } from "./run-attempt.ts";

/** What claiming needs. */
export interface ClaimerDeps {
  readonly controller: Controller;
  readonly slots: number;
  readonly start: (attempt: Attempt) => RunningAttempt;
  readonly clock: Clock;
  readonly log: Logger;
}

/** With a free slot a lost wake-up costs no more than this. */
const claimEveryMs = 5_000;
const defaultHeartbeatMs = 2_000;
/** A claim was answered by an attempt that is held already: the controller has not heard yet that it arrived. */
const unheardMs = 200;

/** Takes tasks while there are free slots, and keeps the attempts that it holds alive (A4). */
export class Claimer {
  heartbeatMs = defaultHeartbeatMs;
  readonly #deps: ClaimerDeps;
  readonly #nudge = new Nudge();
  readonly #attempts = new Map<string, RunningAttempt>();
  /** Nothing is claimed before a controller is known to be worked for. */
  #isWilling = false;

  constructor(deps: ClaimerDeps) {
    this.#deps = deps;
  }

  get busySlots(): number {
    return this.#attempts.size;
  }

  /** Something may wait for this agent, or for one attempt of it. */
  wake(attemptId: string): void {
    if (attemptId === "") this.#nudge.ring();
    else this.#attempts.get(attemptId)?.nudge.ring();
  }

  /** Whether tasks are claimed: not from a controller that cannot be worked for. What is held goes on. */
  setWilling(isWilling: boolean): void {
    if (isWilling && !this.#isWilling) this.#nudge.ring();
    this.#isWilling = isWilling;
  }

  /** Claims until the signal aborts. */
  async claim(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    await runForever(signal, (each) => this.#claimOnce(each), {
      name: "claim",
      clock,
      log,
      everyMs: 0,
      backoff: { firstMs: 500, maxMs: claimEveryMs },
    });
  }

  /** Keeps all attempts alive until the signal aborts. */
  async beat(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const backoff = { firstMs: 500, maxMs: defaultHeartbeatMs };
    await runForever(signal, (each) => this.#beatOnce(each), {
      name: "heartbeat",
      clock,
      log,
      everyMs: defaultHeartbeatMs,
      backoff,
    });
  }

  /** Tells every attempt to end. */
  stop(): void {
    for (const running of this.#attempts.values()) running.stop();
  }

  /** Ends every attempt at once, without a report. */
  end(): void {
    for (const running of this.#attempts.values()) running.end("AGENT_LOST");
  }

  /** Resolves when no attempt is left. */
  async idle(): Promise<void> {
    await Promise.all([...this.#attempts.values()].map(({ done }) => done));
  }

  async #claimOnce(signal: AbortSignal): Promise<void> {
    const { controller, slots, clock } = this.#deps;
    const free = this.#isWilling ? slots - this.#attempts.size : 0;
    const attempt = free > 0 ? await controller.claim(free, signal) : undefined;
    if (attempt === undefined) await this.#nudge.wait(claimEveryMs, clock, signal);
    else if (this.#attempts.has(attempt.attemptId)) await this.#nudge.wait(unheardMs, clock, signal);
    else this.#hold(attempt);
  }

  #hold(attempt: Attempt): void {
    const running = this.#deps.start(attempt);
    this.#attempts.set(attempt.attemptId, running);
    void this.#release(running);
  }

  async #release(running: RunningAttempt): Promise<void> {
    await running.done;
    this.#attempts.delete(running.attempt.attemptId);
    this.#nudge.ring();
  }

  async #beatOnce(signal: AbortSignal): Promise<number> {
    if (this.#attempts.size === 0) return this.heartbeatMs;
    const progress = [...this.#attempts.values()].map(({ attempt: { attemptId, taskId, number }, board }) => ({
      attemptId,
      taskId,
      number,
      ...board.snapshot(),
    }));
    for (const { attemptId, code } of await this.#deps.controller.heartbeat(progress, signal))
      this.#attempts.get(attemptId)?.end(code);
    return this.heartbeatMs;
  }
}
