import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ChildProcess, startProcess } from "@holdfast/shared/process/child-process";
import { engineRoleName, neededPermits } from "@holdfast/shared/rights/needed-permits";
import { stringify } from "yaml";
import type { z } from "zod";
import type { Addresses } from "../simulator/addresses.ts";
import type { configSchema } from "../simulator/config/schema.ts";
import { ControlClient } from "../simulator/control/control-client.ts";
import { programArguments } from "./programs.ts";
import type { TestRun } from "./test-run.ts";
import { until } from "./until.ts";

/** One simulated Manager with its hosts, as a process. */
export interface Lab extends AsyncDisposable {
  readonly addresses: Addresses;
  readonly control: ControlClient;
  readonly stateDir: string;
  readonly program: ChildProcess;
}

/** Who may do everything in every lab of the stories: the tests themselves, and never Holdfast. */
export const labUser = { name: "admin@internal", password: "lab-password" };

/** Who Holdfast logs in as: an account that has the documented role and nothing else. */
export const engineUser = { name: "holdfast@internal", password: "lab-engine-password" };

/** The documented role, as a lab is told of it. */
export const engineRole = {
  name: engineRoleName,
  administrative: true,
  permits: neededPermits.map(({ permit }) => permit),
};

/** A simulator's configuration; what is left out has its default. */
export type LabConfig = Partial<z.input<typeof configSchema>> & Pick<z.input<typeof configSchema>, "name">;

/** Name of the template whose VMs run an agent. */
export const workerTemplate = "holdfast-worker";

/**
 * Two clusters with a host each: `east` at level 4.7 (hybrid captures), `west` at 4.6 (live and cold ones); and a template
 * for workers.
 */
export const twoClusters = (
  name: string,
): LabConfig & { clusters: object[]; hosts: object[]; storageDomains: object[]; templates: object[] } => ({
  name,
  clusters: [
    { name: "east", version: "4.7" },
    { name: "west", version: "4.6" },
  ],
  hosts: [
    { name: `${name}-east-1`, cluster: "east" },
    { name: `${name}-west-1`, cluster: "west" },
  ],
  storageDomains: [{ name: "data1" }],
  templates: [
    {
      name: workerTemplate,
      guest: "agent",
      nics: [{ name: "nic1" }],
      disks: [{ alias: `${workerTemplate}_root`, size: "4MiB" }],
    },
  ],
});

const labUsers = [
  { ...labUser, roles: [{ role: "SuperUser" }] },
  { ...engineUser, roles: [{ role: engineRoleName }] },
];

/** Starts a simulator with its delays at zero and waits until it serves. */
export const openLab = async (run: TestRun, config: LabConfig): Promise<Lab> => {
  const stateDir = join(run.dir, `lab-${config.name}`);
  await mkdir(stateDir, { recursive: true });
  const configFile = join(stateDir, "config.yaml");
  await writeFile(configFile, stringify({ users: labUsers, roles: [engineRole], delays: { pollMs: 50 }, ...config }));

  const program = await startProcess({
    name: `lab ${config.name}`,
    command: process.execPath,
    args: [...programArguments("e2e/simulator/main"), "--config", configFile, "--state", stateDir],
    env: run.env,
    logFile: join(run.dir, `lab-${config.name}.log`),
  });
  const addresses = await readAddresses(program, stateDir);
  return {
    addresses,
    control: new ControlClient(addresses.control),
    stateDir,
    program,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
};

const readAddresses = (program: ChildProcess, stateDir: string): Promise<Addresses> =>
  until(`${program.name} to serve`, async () => {
    if (program.exit !== undefined) throw new Error(`${program.name} ended: ${JSON.stringify(program.exit)}`);
    const addresses = JSON.parse(await readFile(join(stateDir, "ready.json"), "utf8")) as Addresses;
    return addresses.pid === program.pid ? addresses : undefined;
  });

/** Where the hosts of these labs serve images, since it is not the usual port: what examinations have to know. */
export const imageioPorts = (labs: readonly Lab[]): Readonly<Record<string, string>> => {
  const hosts = labs.flatMap(({ addresses }) => addresses.hosts);
  const ports = Object.fromEntries(hosts.map(({ name, imageioPort }) => [name, imageioPort]));
  return { HOLDFAST_CONTROLLER_DOCTOR_IMAGEIO_PORT_OF: JSON.stringify(ports) };
};
