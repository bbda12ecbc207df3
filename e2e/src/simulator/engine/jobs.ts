import { AsyncLocalStorage } from "node:async_hooks";

import type { Clock } from "@holdfast/shared/clock/clock";
import type { RandomBytes } from "@holdfast/shared/ids/ids";

import type { Job } from "../model/job.ts";
import type { World } from "../model/world.ts";
import { newUuid } from "./new-uuid.ts";

interface Running {
  readonly job: Job;
  /** What is still to end: the call itself, and each command that it left in the background. */
  pending: number;
  readonly settled: PromiseWithResolvers<void>;
}

/** What a job is begun with. */
export interface JobStart {
  readonly description: string;
  readonly login: string;
  readonly correlationId?: string | undefined;
}

/** A call's own answer, with the job that goes on. */
export interface WithJob<T> {
  readonly result: T;
  readonly job: Job;
  /** Resolves when the job is over, however it ended. */
  readonly settled: Promise<void>;
}

const kept = 200;

/** The engine's jobs: which call a background command belongs to follows from the call that started it. */
export class Jobs {
  readonly #world: World;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #present = new AsyncLocalStorage<Running>();

  constructor(world: World, clock: Clock, random: RandomBytes) {
    this.#world = world;
    this.#clock = clock;
    this.#random = random;
    for (const job of world.jobs.values()) if (job.status === "started") job.status = "unknown";
  }

  /** Carries out a call as a job. A call that throws is no job. */
  async run<T>(start: JobStart, call: () => T | Promise<T>): Promise<WithJob<T>> {
    const running: Running = { job: this.#newJob(start), pending: 1, settled: Promise.withResolvers() };
    const { job } = running;
    const result = await this.#present.run(running, call);
    this.#world.jobs.set(job.id, job);
    this.#dropOldest();
    this.#end(running);
    return { result, job, settled: running.settled.promise };
  }

  /** Makes a command that is about to go on in the background a part of the present job, if there is one. */
  follow(work: () => Promise<void>): () => Promise<void> {
    const running = this.#present.getStore();
    if (running === undefined || running.pending === 0) return work;
    running.pending += 1;
    return async () => {
      try {
        await work();
      } catch (caught) {
        running.job.status = "failed";
        throw caught;
      } finally {
        this.#end(running);
      }
    };
  }

  /** Something of the present job failed, and an event tells of it. */
  fail(): void {
    const running = this.#present.getStore();
    if (running !== undefined && running.pending > 0) running.job.status = "failed";
  }

  #end(running: Running): void {
    running.pending -= 1;
    if (running.pending > 0) return;
    const { job } = running;
    job.endedMs = this.#clock.nowMs();
    if (job.status === "started") job.status = "finished";
    running.settled.resolve();
  }

  #newJob({ description, login, correlationId }: JobStart): Job {
    return {
      id: newUuid(this.#random),
      description,
      login,
      startedMs: this.#clock.nowMs(),
      status: "started",
      ...(correlationId === undefined ? {} : { correlationId }),
    };
  }

  #dropOldest(): void {
    const { jobs } = this.#world;
    const ended = [...jobs.values()].filter(({ status }) => status !== "started");
    for (const { id } of ended.slice(0, Math.max(0, jobs.size - kept))) jobs.delete(id);
  }
}
