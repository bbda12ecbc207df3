import type { Clock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { onAbort } from "../lifecycle/abort.ts";
import type { Logger } from "../logging/logger.ts";
import { type Backoff, delayMs, type RandomFraction } from "../retry/backoff.ts";
import { systemFraction } from "../retry/random-fraction.ts";
import { type ChildProcess, type ProcessSpec, startProcess } from "./child-process.ts";
import type { ReadyLine } from "./ready.ts";

/** One program to keep running. */
export interface ProgramSpec {
  readonly name: string;
  /** What to start, each time anew; `ready` holds the ready lines of the programs before it. */
  readonly process: (
    ready: ReadonlyMap<string, ReadyLine>,
  ) => Promise<Omit<ProcessSpec, "name">> | Omit<ProcessSpec, "name">;
  /** Milliseconds until it must serve (default 30,000). */
  readonly readyTimeoutMs?: number;
  /** How to know that it serves, for programs without a ready line. */
  readonly untilReady?: (child: ChildProcess, signal: AbortSignal) => Promise<ReadyLine>;
}

/** What a supervisor needs, and its limits. */
export interface SupervisorOptions {
  /** Started in this order, stopped in the reverse. */
  readonly programs: readonly ProgramSpec[];
  readonly log: Logger;
  readonly clock: Clock;
  readonly backoff?: Backoff;
  /** Ends in a row, none of them after `steadyMs` of serving, after which it gives up (default 8). */
  readonly maxFailures?: number;
  /** Milliseconds of serving after which former failures are forgotten (default 30,000). */
  readonly steadyMs?: number;
  readonly random?: RandomFraction;
}

/** Programs that run until it is disposed, or until one of them cannot be kept running. */
export interface Supervisor extends AsyncDisposable {
  /** The present process of a program; undefined between its end and its restart. */
  processOf(name: string): ChildProcess | undefined;
  /** The newest ready line of a program. */
  readyOf(name: string): ReadyLine | undefined;
  /** Resolves with the reason when it gave one up; the others still run, for the owner to stop. */
  readonly gaveUp: Promise<HoldfastError>;
}

interface Kept {
  readonly name: string;
  child: ChildProcess | undefined;
  /** Settles when nothing more is started for it. */
  done: Promise<void>;
}

/** Starts every program and waits until it serves; when one cannot, those before it are stopped and its failure thrown. */
export const openSupervisor = async (options: SupervisorOptions, signal?: AbortSignal): Promise<Supervisor> => {
  const stopping = new AbortController();
  const unlink = onAbort(signal, (reason) => {
    stopping.abort(reason);
  });
  const gaveUp = Promise.withResolvers<HoldfastError>();
  const ready = new Map<string, ReadyLine>();
  const kept: Kept[] = [];
  const dispose = async (): Promise<void> => {
    unlink();
    stopping.abort(new HoldfastError("CANCELLED", "the supervisor is stopping"));
    for (const program of kept.toReversed()) {
      await program.child?.stop();
      await program.done;
    }
  };

  try {
    for (const spec of options.programs) {
      const program: Kept = { name: spec.name, child: undefined, done: Promise.resolve() };
      kept.push(program);
      const keeping: Keeping = { spec, program, ready, options, signal: stopping.signal };
      await start(keeping);
      program.done = keep(keeping).catch((caught: unknown) => {
        gaveUp.resolve(HoldfastError.from(caught));
      });
    }
  } catch (caught) {
    await dispose();
    throw caught;
  }

  return {
    processOf: (name) => kept.find((program) => program.name === name)?.child,
    readyOf: (name) => ready.get(name),
    gaveUp: gaveUp.promise,
    [Symbol.asyncDispose]: dispose,
  };
};

interface Keeping {
  readonly spec: ProgramSpec;
  readonly program: Kept;
  readonly ready: Map<string, ReadyLine>;
  readonly options: SupervisorOptions;
  readonly signal: AbortSignal;
}

const start = async ({ spec, program, ready, options, signal }: Keeping): Promise<void> => {
  signal.throwIfAborted();
  const child = await startProcess({ ...(await spec.process(ready)), name: spec.name });
  program.child = child;
  options.log.info("process started", { program: spec.name, processId: child.pid });
  try {
    const serving = spec.untilReady?.(child, signal) ?? child.ready(spec.readyTimeoutMs ?? 30_000, signal);
    ready.set(spec.name, await serving);
  } catch (caught) {
    await child.stop();
    program.child = undefined;
    throw caught;
  }
  options.log.info("process serves", { program: spec.name, processId: child.pid });
};

/** Restarts a program whenever it ends, until the signal aborts; throws when it ended too often. */
const keep = async (keeping: Keeping): Promise<void> => {
  const { spec, program, options, signal } = keeping;
  const { clock, log, backoff = { firstMs: 200, maxMs: 10_000 }, maxFailures = 8, steadyMs = 30_000 } = options;
  const random = options.random ?? systemFraction;
  let failures = 0;

  for (;;) {
    const sinceMs = clock.monotonicMs();
    const exit = await program.child?.exited;
    if (signal.aborted) return;
    program.child = undefined;

    failures = clock.monotonicMs() - sinceMs >= steadyMs ? 1 : failures + 1;
    if (failures > maxFailures) {
      log.error("process given up", { program: spec.name, failures, ...exit });
      throw new HoldfastError("UNAVAILABLE", `${spec.name} ended ${failures} times in a row`, {
        details: { failures },
      });
    }
    const waitMs = delayMs(backoff, failures, random);
    log.warn("process ended", { program: spec.name, failures, waitMs, ...exit });
    try {
      await clock.sleep(waitMs, signal);
      await start(keeping);
    } catch (caught) {
      if (signal.aborted) return;
      log.warn("process did not start", { program: spec.name, err: caught });
    }
  }
};
