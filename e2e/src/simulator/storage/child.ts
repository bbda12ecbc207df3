import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Readable, Writable } from "node:stream";

/** A program of QEMU's (or of this machine) that runs for us; it dies with this process, however that ends. */
export interface Child extends AsyncDisposable {
  readonly program: string;
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when the program ended and its output is read; never rejects. */
  readonly exited: Promise<ChildExit>;
  /** True until it ended. */
  readonly alive: boolean;
  /** The last lines that it said on stderr. */
  complaint(): string;
  /** Sends the signal (SIGTERM if none is named) and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<ChildExit>;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const complaintChars = 4000;
const children = new Set<Child>();

/** Starts a program; must be called from the main thread, whose end the children die with. */
export const startChild = async (program: string, args: readonly string[]): Promise<Child> => {
  const process = spawn("setpriv", ["--pdeathsig", "KILL", "--", program, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  try {
    await once(process, "spawn");
  } catch (caught) {
    throw new HoldfastError("IO_FAILED", `cannot start ${program}`, { cause: caught });
  }
  const child = new SpawnedChild(program, process);
  children.add(child);
  void child.exited.then(() => children.delete(child));
  return child;
};

/** Every child that has not ended. */
export const livingChildren = (): readonly Child[] => [...children];

/** Runs a program to its end and answers what it printed of `input`; IO_FAILED with its own words when it fails. */
export const runTool = async (program: string, args: readonly string[], input?: Uint8Array): Promise<string> => {
  const child = await startChild(program, args);
  child.stdin.end(input);
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    output += text;
  });
  const { code, signal } = await child.exited;
  if (code === 0) return output;
  const reason = child.complaint() || `ended with ${code ?? signal}`;
  throw new HoldfastError("IO_FAILED", `${program} ${args[0] ?? ""} failed: ${reason}`);
};

class SpawnedChild implements Child {
  readonly program: string;
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<ChildExit>;
  alive = true;
  readonly #process: ChildProcess;
  #complaint = "";

  constructor(program: string, process: ChildProcess) {
    const { pid, stdin, stdout, stderr } = process;
    if (pid === undefined || !stdin || !stdout || !stderr) throw new Error(`${program} was started without pipes`);
    this.program = program;
    this.#process = process;
    this.pid = pid;
    this.stdin = stdin;
    this.stdout = stdout;
    // A write to a program that is gone shows in its exit.
    stdin.on("error", () => undefined);
    stderr.setEncoding("utf8");
    stderr.on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-complaintChars);
    });
    this.exited = this.#watch();
  }

  complaint(): string {
    return this.#complaint.trim();
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<ChildExit> {
    if (this.alive) this.#process.kill(signal);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #watch(): Promise<ChildExit> {
    this.#process.once("exit", () => {
      this.alive = false;
    });
    await once(this.#process, "close");
    return { code: this.#process.exitCode, signal: this.#process.signalCode };
  }
}
