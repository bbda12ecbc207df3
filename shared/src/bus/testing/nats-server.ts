import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { withDeathSignal } from "../../process/death-signal.ts";
import { findProgram } from "../../process/find-program.ts";

/** A real nats-server on a loopback port of its own. */
export interface NatsServer extends AsyncDisposable {
  /** `tls://127.0.0.1:port`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
}

/** How a server is started. */
export interface NatsServerSpec {
  readonly configurationFile: string;
  /** 0 takes any free one. */
  readonly port?: number;
}

const portsFile = z.object({ nats: z.array(z.string()).min(1) });

/** Starts a nats-server and waits until it serves. */
export const openNatsServer = async (spec: NatsServerSpec): Promise<NatsServer> => {
  const { configurationFile, port = 0 } = spec;
  const folder = await mkdtemp(join(tmpdir(), "hf-nats-"));
  const where = ["-a", "127.0.0.1", "-p", port === 0 ? "-1" : String(port), "--ports_file_dir", folder];
  const options = ["-c", configurationFile, ...where];
  const { command, args } = await withDeathSignal({ command: await findNatsServer(), args: options });
  const child = spawn(command, [...args], { stdio: "ignore" });
  const exited = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };

  try {
    const url = await firstUrl(folder, child);
    return {
      url,
      port: Number(new URL(url).port),
      pid: child.pid ?? 0,
      kill,
      [Symbol.asyncDispose]: async () => {
        await kill();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (caught) {
    await kill();
    await rm(folder, { recursive: true, force: true });
    throw caught;
  }
};

/** Where the program is: unpacked beside the project, or installed on the machine. */
export const findNatsServer = async (): Promise<string> => {
  const own = fileURLToPath(new URL("../../../../.cache/tools", import.meta.url));
  const path = await findProgram("nats-server", `${own}${delimiter}${process.env["PATH"] ?? ""}`);
  if (path === undefined) throw new Error("no nats-server: run scripts/ensure-tools");
  return path;
};

const firstUrl = async (folder: string, child: ChildProcess): Promise<string> => {
  const deadline = Date.now() + 10_000;
  while (child.exitCode === null && Date.now() < deadline) {
    for (const name of await readdir(folder)) {
      const [url] = parsePorts(await readFile(join(folder, name), "utf8"));
      if (url !== undefined) return url;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nats-server did not start (exit code ${child.exitCode})`);
};

/** The server's addresses; none while the file is half written. */
const parsePorts = (text: string): readonly string[] => {
  try {
    return portsFile.parse(JSON.parse(text)).nats;
  } catch {
    return [];
  }
};
