import { type Clock, systemClock } from "../clock/clock.ts";
import { traitsOf } from "../errors/codes.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { Logger } from "../logging/logger.ts";
import { openLogger } from "../logging/pino-logger.ts";

/** What a program may be told about its own frame. */
export interface MainOptions {
  /** Standard output as JSON lines unless told. */
  readonly log?: Logger;
  readonly clock?: Clock;
  /** Milliseconds from a signal until a program that does not end is ended by force (default 30,000). */
  readonly stopWithinMs?: number;
}

/** How a program that has something to finish stops. */
export interface Stopping {
  /** Aborts at a second signal: nothing is waited for any more. */
  readonly hurry: AbortSignal;
  /** Adds milliseconds to the time from the first signal until the program is ended by force. */
  readonly allow: (ms: number) => void;
}

/**
 * Runs a program until it returns or fails. SIGTERM and SIGINT abort its signal, and a second one its `hurry`; it ends by returning,
 * after its own `await using` closed everything. The exit code is 0, or that of the error's code; nothing calls `process.exit`.
 */
export const runMain = async (
  name: string,
  main: (signal: AbortSignal, log: Logger, stopping: Stopping) => Promise<void>,
  options: MainOptions = {},
): Promise<void> => {
  const log = options.log ?? openLogger({ component: name });
  const clock = options.clock ?? systemClock;
  const controller = new AbortController();
  const stopWithinMs = options.stopWithinMs ?? 30_000;
  const hurry = new AbortController();
  let allowedMs = 0;
  const killAfter = (ms: number): (() => void) =>
    clock.after(ms, () => {
      log.error("did not stop in time", { stopWithinMs: ms });
      process.kill(process.pid, "SIGKILL");
    });
  let spare = (): void => undefined;
  using _signals = onSignals((received) => {
    if (hurry.signal.aborted) return;
    const isFirst = !controller.signal.aborted;
    const reason = new HoldfastError("CANCELLED", `received ${received}`);
    log.info(isFirst ? "stopping" : "stopping at once", { signal: received });
    controller.abort(reason);
    if (!isFirst) hurry.abort(reason);
    spare();
    spare = killAfter(isFirst ? stopWithinMs + allowedMs : stopWithinMs);
  });
  using _bugs = onBugs((caught) => {
    log.error("an error was not caught", { err: caught });
    process.exitCode = traitsOf("INTERNAL").exit;
    const reason = new HoldfastError("INTERNAL", "an error was not caught", { cause: caught });
    controller.abort(reason);
    // What it holds cannot be trusted any more, so nothing is waited for.
    hurry.abort(reason);
    spare();
    spare = killAfter(stopWithinMs);
  });

  try {
    const allow = (ms: number): void => {
      allowedMs += ms;
    };
    await main(controller.signal, log, { hurry: hurry.signal, allow });
  } catch (caught) {
    endWith(caught, controller.signal, log);
  }
};

/** Sets the exit code of a failure; one that only follows from a signal is a good end. */
const endWith = (caught: unknown, signal: AbortSignal, log: Logger): void => {
  const error = HoldfastError.from(caught);
  if (signal.aborted && error.code === "CANCELLED") return;

  log.error("ended with an error", { code: error.code, err: caught });
  process.exitCode = traitsOf(error.code).exit;
};

const onSignals = (callback: (received: NodeJS.Signals) => void): Disposable => {
  const names = ["SIGTERM", "SIGINT"] as const;
  for (const name of names) process.on(name, callback);
  return {
    [Symbol.dispose]: () => {
      for (const name of names) process.removeListener(name, callback);
    },
  };
};

const onBugs = (callback: (caught: unknown) => void): Disposable => {
  process.on("uncaughtException", callback);
  process.on("unhandledRejection", callback);
  return {
    [Symbol.dispose]: () => {
      process.removeListener("uncaughtException", callback);
      process.removeListener("unhandledRejection", callback);
    },
  };
};
