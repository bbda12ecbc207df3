import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { programArguments } from "@holdfast/shared/process/testing/program-files";
import { stringify } from "yaml";
import type { z } from "zod";

import type { Addresses } from "../addresses.ts";
import type { configSchema } from "../config/schema.ts";
import { ControlClient } from "../control/control-client.ts";

type Config = z.input<typeof configSchema>;

/** A small Manager: two clusters (hybrid and live), one host each, one user, phases without delay. */
export const smallConfig = (changes: Partial<Config> = {}): Config => ({
  name: "lab",
  users: [{ name: "admin@internal", password: "secret" }],
  clusters: [
    { name: "hybrid", version: "4.7" },
    { name: "live", version: "4.6" },
  ],
  hosts: [
    { name: "h1", cluster: "hybrid" },
    { name: "h2", cluster: "live" },
  ],
  storageDomains: [{ name: "data" }],
  ...changes,
});

/** A simulator that runs as a process of its own, as in earnest. */
export interface Lab extends AsyncDisposable {
  readonly addresses: Addresses;
  readonly control: ControlClient;
  readonly directory: string;
  readonly apiCa: string;
  readonly imageioCa: string;
  /** Ends the process with this signal and starts another on the same directory. */
  restart(signal: NodeJS.Signals): Promise<Lab>;
}

const start = async (directory: string): Promise<{ child: ChildProcess; addresses: Addresses }> => {
  const child = spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      "--",
      process.execPath,
      ...programArguments("e2e/simulator/main"),
      "--config",
      join(directory, "c.yaml"),
      "--state",
      join(directory, "s"),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  for await (const line of createInterface({ input: child.stdout }))
    return { child, addresses: JSON.parse(line) as Addresses };
  const log = await readFile(join(directory, "s", "simulator.log"), "utf8").catch(() => "");
  throw new Error(`the simulator did not start: ${complaint}\n${log.slice(-2000)}`);
};

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
};

const open = async (directory: string): Promise<Lab> => {
  const { child, addresses } = await start(directory);
  return {
    addresses,
    directory,
    control: new ControlClient(addresses.control),
    apiCa: await readFile(addresses.apiCaFile, "utf8"),
    imageioCa: await readFile(addresses.imageioCaFile, "utf8"),
    restart: async (signal) => {
      await end(child, signal);
      return open(directory);
    },
    [Symbol.asyncDispose]: async () => {
      await end(child, "SIGTERM");
      await rm(directory, { recursive: true, force: true });
    },
  };
};

/** Starts a simulator in a new folder under the system's temporary one; disposing it removes the folder. */
export const startLab = async (config: Config = smallConfig()): Promise<Lab> => {
  const directory = await mkdtemp(join(tmpdir(), "lab-"));
  await writeFile(join(directory, "c.yaml"), stringify(config));
  return open(directory);
};
