import { type ChildProcess, type Exit, type ProcessSpec, startProcess } from "@holdfast/shared/process/child-process";
import type { ReadyLine } from "@holdfast/shared/process/ready";

/** A program of an installation that stories kill and start again. */
export interface KeptProgram extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** The ready line of its present life. */
  readonly ready: ReadyLine;
  readonly isRunning: boolean;
  /** Resolves when its present life ended, with how. */
  readonly exited: Promise<Exit>;
  /** Starts it again, after a kill or a stop. */
  readonly start: () => Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** SIGTERM and its grace. */
  readonly stop: () => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** How a program tells that it serves, when not by a ready line. */
type UntilReady = (child: ChildProcess) => Promise<ReadyLine>;

const readyWithinMs = 60_000;

/** Starts a program and waits until it serves. */
export const keepProgram = async (
  spec: ProcessSpec,
  untilReady: UntilReady = (child) => child.ready(readyWithinMs),
): Promise<KeptProgram> => {
  let child = await startProcess(spec);
  let ready = await untilReady(child);
  return {
    name: spec.name,
    get pid() {
      return child.pid;
    },
    get ready() {
      return ready;
    },
    get isRunning() {
      return child.exit === undefined;
    },
    get exited() {
      return child.exited;
    },
    start: async () => {
      if (child.exit === undefined) throw new Error(`${spec.name} runs`);
      child = await startProcess(spec);
      ready = await untilReady(child);
    },
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
    stop: async () => {
      await child.stop();
    },
    signal: (signal) => {
      child.kill(signal);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
};
