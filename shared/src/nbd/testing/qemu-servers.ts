import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A real NBD server for tests; disposing of it ends the process. */
export interface TestServer extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly socketPath: string;
}

/** Runs one of QEMU's programs to its end and answers its output. */
export const qemu = async (program: string, ...args: readonly string[]): Promise<string> =>
  (await run(program, args)).stdout;

/** `qemu-nbd` with these arguments on a socket, ready for clients. */
export const startQemuNbd = (socketPath: string, ...args: readonly string[]): Promise<TestServer> =>
  start(socketPath, ["qemu-nbd", "--persistent", "-k", socketPath, ...args]);

/** `qemu-storage-daemon` whose arguments open an NBD server on the socket, ready for clients. */
export const startStorageDaemon = (socketPath: string, ...args: readonly string[]): Promise<TestServer> =>
  start(socketPath, ["qemu-storage-daemon", "--nbd-server", `addr.type=unix,addr.path=${socketPath}`, ...args]);

const start = async (socketPath: string, command: readonly string[]): Promise<TestServer> => {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const exited = once(child, "exit");
  const server: TestServer = {
    process: child,
    socketPath,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await exited;
    },
  };
  const deadline = Date.now() + 10_000;
  while (!(await exists(socketPath))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${command.join(" ")} did not start`);
    await delay(5);
  }
  return server;
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
