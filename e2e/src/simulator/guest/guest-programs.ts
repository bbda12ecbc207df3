import { type ChildProcess, startProcess } from "@holdfast/shared/process/child-process";
import { isRunning, readProcessState } from "@holdfast/shared/process/process-state";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";

/** A program that is to run as the guest of a VM. */
export interface GuestProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Gets what it prints. */
  readonly console: string;
}

/** The process that a guest is. */
export interface GuestProcess {
  readonly pid: number;
  readonly startTime: number;
}

/** What the programs need from outside. */
export interface GuestProgramsDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Time after which a program that ended by itself is started again; never when absent. */
  readonly restartMs: number | undefined;
  /** Told when a VM's program ended without having been asked to. */
  readonly onLost: (vmId: string) => void;
}

interface Guest {
  readonly program: GuestProgram;
  process: ChildProcess;
  /** True once somebody wants it to end: it is not started again. */
  ending: boolean;
}

const frozenWithinMs = 10_000;

/** The programs that run in guests, one for each running VM at most. They die with the simulator; disposing kills them. */
export class GuestPrograms implements AsyncDisposable {
  readonly #deps: GuestProgramsDeps;
  readonly #guests = new Map<string, Guest>();

  constructor(deps: GuestProgramsDeps) {
    this.#deps = deps;
  }

  /** Starts the program; one that still runs is killed before. */
  async start(vmId: string, program: GuestProgram): Promise<void> {
    await this.kill(vmId);
    const guest: Guest = { program, process: await spawn(vmId, program), ending: false };
    this.#guests.set(vmId, guest);
    void this.#watch(vmId, guest);
  }

  /** The VM's process, stopped or not; undefined when nothing runs. */
  find(vmId: string): GuestProcess | undefined {
    const child = this.#guests.get(vmId)?.process;
    return child === undefined || child.exit !== undefined ? undefined : { pid: child.pid, startTime: child.startTime };
  }

  /** Stops the process where it is, as saving a VM's memory does; resolves when the kernel shows it stopped. */
  async freeze(vmId: string, signal: AbortSignal): Promise<void> {
    const found = this.find(vmId);
    if (found === undefined) return;
    this.#guests.get(vmId)?.process.kill("SIGSTOP");
    const untilMs = this.#deps.clock.monotonicMs() + frozenWithinMs;
    while (await isRunning(found.pid, found.startTime)) {
      if ((await readProcessState(found.pid))?.state === "T") return;
      if (this.#deps.clock.monotonicMs() > untilMs)
        throw new HoldfastError("TIMEOUT", `process ${found.pid} did not stop`);
      await this.#deps.clock.sleep(5, signal);
    }
  }

  /** Lets a frozen process go on; false when there is none. */
  thaw(vmId: string): boolean {
    if (this.find(vmId) === undefined) return false;
    this.#guests.get(vmId)?.process.kill("SIGCONT");
    return true;
  }

  /** Asks the program to end, and resolves when it did, however long that takes. */
  async shutDown(vmId: string): Promise<void> {
    const guest = this.#guests.get(vmId);
    if (guest === undefined) return;
    guest.ending = true;
    guest.process.kill("SIGTERM");
    await guest.process.exited;
    this.#forget(vmId, guest);
  }

  /** Cuts the power; resolves when it is gone. */
  async kill(vmId: string): Promise<void> {
    const guest = this.#guests.get(vmId);
    if (guest === undefined) return;
    guest.ending = true;
    guest.process.kill("SIGKILL");
    await guest.process.exited;
    this.#forget(vmId, guest);
  }

  /** Kills the program as if it broke: its VM stays up, and what restarts programs that end by themselves does so. */
  async break(vmId: string): Promise<void> {
    const guest = this.#guests.get(vmId);
    guest?.process.kill("SIGKILL");
    await guest?.process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#guests.keys()].map((vmId) => this.kill(vmId)));
  }

  async #watch(vmId: string, guest: Guest): Promise<void> {
    const exit = await guest.process.exited;
    this.#deps.log.info("a guest's program ended", { vm: vmId, ...exit });
    if (guest.ending || this.#guests.get(vmId) !== guest) return;
    this.#deps.onLost(vmId);
    const { restartMs, clock } = this.#deps;
    if (restartMs !== undefined) clock.after(restartMs, () => void this.#restart(vmId, guest));
  }

  async #restart(vmId: string, guest: Guest): Promise<void> {
    if (guest.ending || this.#guests.get(vmId) !== guest) return;
    try {
      const process = await spawn(vmId, guest.program);
      guest.process = process;
      // Somebody may have ended the VM while the program was being started.
      if (this.#guests.get(vmId) === guest) void this.#watch(vmId, guest);
      else process.kill("SIGKILL");
    } catch (caught) {
      this.#deps.log.error("a guest's program could not be started again", { err: caught, vm: vmId });
    }
  }

  #forget(vmId: string, guest: Guest): void {
    if (this.#guests.get(vmId) === guest) this.#guests.delete(vmId);
  }
}

const spawn = (vmId: string, { command, args, env, console }: GuestProgram): Promise<ChildProcess> =>
  startProcess({ name: `guest of VM ${vmId}`, command, args, env, logFile: console });
