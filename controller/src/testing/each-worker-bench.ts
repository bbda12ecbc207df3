import { afterEach, beforeEach, expect, vi } from "vitest";
import type { PlacedWorker } from "../placement/placed-worker.ts";
import type { TaskRunner } from "../sessions/task-runner.ts";
import { createWorkerDirectory } from "../workers/worker-directory.ts";
import type { WorkerState } from "../workers/worker-state.ts";
import { type WorkerBench, openWorkerBench } from "./open-worker-bench.ts";

/** The bench of the test that runs, with the words in which tests of workers speak. */
export interface EachWorkerBench {
  readonly bench: WorkerBench;
  /** Takes a bench of other settings in its place. */
  reopen(settings: Record<string, number>): Promise<void>;
  /** Starts looking after the workers until the test ends. */
  readonly begin: () => void;
  /** Breaks off the step under way, as a removal does. */
  readonly interrupt: () => void;
  readonly until: (state: WorkerState) => Promise<void>;
  /** Waits until the worker is unhealthy. */
  readonly unhealthy: () => Promise<void>;
  readonly need: () => void;
  readonly needNot: () => void;
  /** The worker as placement sees it. */
  readonly placed: () => PlacedWorker | undefined;
}

const limit = { timeout: 10_000, interval: 5 };

/** A bench of its own for each test of a file. */
export const eachWorkerBench = (): EachWorkerBench => {
  let bench: WorkerBench;
  let running: TaskRunner | undefined;
  beforeEach(async () => {
    bench = await openWorkerBench();
  });
  afterEach(async () => {
    await running?.[Symbol.asyncDispose]();
    running = undefined;
    await bench[Symbol.asyncDispose]();
  });
  return {
    get bench() {
      return bench;
    },
    reopen: async (settings) => {
      await bench[Symbol.asyncDispose]();
      bench = await openWorkerBench(settings);
    },
    begin: () => {
      running = bench.run();
    },
    interrupt: () => running?.interrupt(bench.worker().workerId),
    until: (state) => vi.waitFor(() => expect(bench.worker().state).toBe(state), limit),
    unhealthy: () => vi.waitFor(() => expect(bench.worker().unhealthyReason).not.toBe(""), limit),
    need: () => void bench.needed.add(bench.worker().workerId),
    needNot: () => {
      bench.needed.clear();
    },
    placed: () => createWorkerDirectory({ ...bench.deps, settings: bench.deps.workerSettings }).placed()[0],
  };
};
