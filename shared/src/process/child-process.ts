import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished, type Readable, type Writable } from "node:stream";
import { isMainThread } from "node:worker_threads";
import { type Clock, systemClock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { orAborted } from "../lifecycle/abort.ts";
import { withDeathSignal } from "./death-signal.ts";
import { createLineSplitter } from "./line-splitter.ts";
import { readProcessState } from "./process-state.ts";
import { parseReadyLine, type ReadyLine } from "./ready.ts";

/** What to start. */
export interface ProcessSpec {
  /** Names the process in errors and logs. */
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment of the child; ours unless told. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Gets everything that the child writes on either output, appended. */
  readonly logFile?: string;
  /** Gets every line of either output. */
  readonly onLine?: (line: string, from: "stdout" | "stderr") => void;
  /** Milliseconds from SIGTERM to SIGKILL (default 10,000). */
  readonly graceMs?: number;
  readonly clock?: Clock;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that we started and answer for. Disposing it stops it. */
export interface ChildProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** With the pid, its name for ever (`process-state.ts`). */
  readonly startTime: number;
  /** Resolves when it ended and its output was read. */
  readonly exited: Promise<Exit>;
  /** Undefined while it runs. */
  readonly exit: Exit | undefined;
  /** Resolves with its ready line; UNAVAILABLE when it ends before, TIMEOUT after `timeoutMs`. */
  ready(timeoutMs: number, signal?: AbortSignal): Promise<ReadyLine>;
  /** Sends a signal; nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after the grace; resolves when it is gone. */
  stop(graceMs?: number): Promise<Exit>;
}

/** Lines of standard error that an error quotes when a process ends before it was ready. */
const quotedLines = 5;

/** Starts a process that dies with us. From a worker thread it would die with that thread, so that is refused. */
export const startProcess = async (spec: ProcessSpec): Promise<ChildProcess> => {
  if (!isMainThread) throw new Error("processes are started from the main thread");

  const { command, args } = await withDeathSignal({ command: spec.command, args: spec.args ?? [] });
  const child = spawn(command, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: spec.env ?? process.env,
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  });
  const output = readOutput(child, spec);
  const exited = untilExit(child, output, spec.clock ?? systemClock);
  try {
    await once(child, "spawn");
  } catch (caught) {
    throw new HoldfastError("UNAVAILABLE", `cannot start ${spec.name}: ${command}`, { cause: caught });
  }

  const pid = child.pid ?? 0;
  const { startTime = 0 } = (await readProcessState(pid)) ?? {};
  return running({ child, spec, exited, output, pid, startTime });
};

interface Parts {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly spec: ProcessSpec;
  readonly exited: Promise<Exit>;
  readonly output: Output;
  readonly pid: number;
  readonly startTime: number;
}

const running = ({ child, spec, exited, output, pid, startTime }: Parts): ChildProcess => {
  const clock = spec.clock ?? systemClock;
  let exit: Exit | undefined;
  const ended = exited.then((how) => (exit = how));
  const kill = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  const stop = async (graceMs = spec.graceMs ?? 10_000): Promise<Exit> => {
    if (exit !== undefined) return exit;
    kill("SIGTERM");
    // A stopped process takes no SIGTERM before it is continued.
    kill("SIGCONT");
    const cancel = clock.after(graceMs, () => {
      kill("SIGKILL");
    });
    try {
      return await ended;
    } finally {
      cancel();
    }
  };

  return {
    name: spec.name,
    pid,
    startTime,
    exited: ended,
    get exit() {
      return exit;
    },
    kill,
    stop,
    ready: (timeoutMs, signal) => untilReady({ spec, output, ended }, clock, timeoutMs, signal),
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
};

const untilReady = async (
  {
    spec: { name },
    output,
    ended,
  }: { readonly spec: ProcessSpec; readonly output: Output; readonly ended: Promise<Exit> },
  clock: Clock,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ReadyLine> => {
  const outcome = Promise.withResolvers<ReadyLine>();
  const cancel = clock.after(timeoutMs, () => {
    outcome.reject(new HoldfastError("TIMEOUT", `${name} was not ready in time`, { details: { timeoutMs } }));
  });
  output.ready.then(outcome.resolve, outcome.reject);
  const refuseEnd = async (): Promise<void> => {
    const { code, signal: by } = await ended;
    const how = by === null ? `with code ${code}` : `by ${by}`;
    const said = output.lastErrors().join(" | ");
    outcome.reject(new HoldfastError("UNAVAILABLE", `${name} ended ${how} before it was ready: ${said}`));
  };
  void refuseEnd();
  try {
    return await (signal === undefined ? outcome.promise : orAborted(outcome.promise, signal));
  } finally {
    cancel();
  }
};

interface Output {
  readonly ready: Promise<ReadyLine>;
  readonly ended: Promise<void>;
  lastErrors(): readonly string[];
}

const readOutput = ({ stdout, stderr }: Parts["child"], { logFile, onLine }: ProcessSpec): Output => {
  const ready = Promise.withResolvers<ReadyLine>();
  const errors: string[] = [];
  const file = logFile === undefined ? undefined : createWriteStream(logFile, { flags: "a", mode: 0o600 });
  file?.on("error", (caught) => onLine?.(`the log file failed: ${caught.message}`, "stderr"));

  const follow = async (stream: Readable, from: "stdout" | "stderr"): Promise<void> => {
    const splitter = createLineSplitter((line) => {
      onLine?.(line, from);
      if (from === "stderr") errors.splice(0, errors.length, ...[...errors, line].slice(-quotedLines));
      const found = from === "stdout" ? parseReadyLine(line) : undefined;
      if (found !== undefined) ready.resolve(found);
    });
    if (file !== undefined) stream.pipe(file, { end: false });
    stream.on("data", (bytes: Buffer) => {
      splitter.push(bytes);
    });
    await atEnd(stream);
    splitter.end();
  };
  const followAll = async (): Promise<void> => {
    await Promise.all([follow(stdout, "stdout"), follow(stderr, "stderr")]);
    if (file === undefined) return;
    file.end();
    await atEnd(file);
  };
  return { ready: ready.promise, ended: followAll(), lastErrors: () => errors };
};

/** Milliseconds that output may still come after the end; a grandchild may hold it open for ever. */
const outputGraceMs = 1_000;

const untilExit = async (child: Parts["child"], { ended }: Output, clock: Clock): Promise<Exit> => {
  const exit = await new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => {
      resolve({ code, signal });
    });
  });
  const cancel = clock.after(outputGraceMs, () => {
    child.stdout.destroy();
    child.stderr.destroy();
  });
  await ended;
  cancel();
  return exit;
};

/** Resolves when nothing more comes or goes: a stream that was destroyed has ended too, whatever its error was. */
const atEnd = (stream: Readable | Writable): Promise<void> =>
  new Promise((resolve) => {
    finished(stream, () => {
      resolve();
    });
  });
