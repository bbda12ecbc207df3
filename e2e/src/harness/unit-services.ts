import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import { type ChildProcess, startProcess } from "@holdfast/shared/process/child-process";
import { z } from "zod";
import { freePort } from "./free-port.ts";
import type { InstalledTree, services } from "./installed-tree.ts";
import { runWell } from "./run-program.ts";
import type { TestRun } from "./test-run.ts";
import { unitCommandOf } from "./unit-command.ts";
import { until } from "./until.ts";

/** An installation that runs by the commands of its units, without systemd. */
export interface UnitServices extends AsyncDisposable {
  /** The configuration of the bus that `holdfast init` made. */
  readonly natsConfiguration: string;
  /** Where the repository is dialled. */
  readonly repositoryAddress: string;
  /** Runs the operator's command line; answers what it printed as JSON. */
  readonly holdfast: (...args: readonly string[]) => Promise<unknown>;
  /** Waits for the state of the agent that was invited as `east-1`. */
  readonly untilAgentIs: (state: string) => Promise<void>;
}

/** What the services need of where they are: what variables say in place of the examples' folders and ports. */
interface Place {
  readonly run: TestRun;
  readonly tree: InstalledTree;
  readonly signal: AbortSignal;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Goes the way of the operations' documents: init, bus, controller, repository and agent by join tokens in files. */
export const startUnitServices = async (
  run: TestRun,
  tree: InstalledTree,
  signal: AbortSignal,
): Promise<UnitServices> => {
  const stateDir = join(run.dir, "state");
  await mkdir(stateDir, { mode: 0o700 });
  const [controller, bus, repository] = [await address(), await address(), await address()];
  const { adminToken, ca, nats } = installationFiles(identityFolderOf(join(stateDir, "controller")));
  const env = {
    ...run.env,
    ...variablesOf(stateDir, controller, repository),
    HOLDFAST_TOKEN_FILE: adminToken,
    HOLDFAST_CA_FILE: ca,
  };
  const place = { run, tree, signal, stateDir, env };
  const holdfast = (...args: readonly string[]): Promise<unknown> => runHoldfast(place, args);
  await holdfast("init", "--data", join(stateDir, "controller"), "--listen", controller, "--bus-listen", bus);
  await symlink(nats.configuration, join(tree.root, "etc/holdfast/nats.conf"));

  await using starting = new AsyncDisposableStack();
  starting.use(await start(place, "nats"));
  await starting.use(await start(place, "controller")).ready(60_000, signal);
  await runWell(repositoryInit(place), signal);
  await holdfast("repository", "invite", "--to-file", env.HOLDFAST_REPOSITORY_JOIN_TOKEN_FILE);
  const agentPlace = ["--name", "east-1", "--manager", "lab", "--cluster", "east"];
  await holdfast("agent", "invite", ...agentPlace, "--to-file", env.HOLDFAST_AGENT_JOIN_TOKEN_FILE);
  await starting.use(await start(place, "repository")).ready(60_000, signal);
  starting.use(await start(place, "agent"));

  const owned = starting.move();
  return {
    natsConfiguration: nats.configuration,
    repositoryAddress: repository,
    holdfast,
    untilAgentIs: (state) => untilAgentIs(holdfast, state),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const address = async (): Promise<string> => `127.0.0.1:${await freePort()}`;

const variablesOf = (stateDir: string, controller: string, repository: string) => ({
  HOLDFAST_CONTROLLER: controller,
  HOLDFAST_CONTROLLER_DATA_DIR: join(stateDir, "controller"),
  HOLDFAST_CONTROLLER_RPC_LISTEN: controller,
  HOLDFAST_REPOSITORY_DIRECTORY: join(stateDir, "points"),
  HOLDFAST_REPOSITORY_INDEX_PATH: join(stateDir, "repository", "index.sqlite"),
  HOLDFAST_REPOSITORY_LISTEN: repository,
  HOLDFAST_REPOSITORY_LOW_WATER_BYTES: "0",
  HOLDFAST_REPOSITORY_RESERVE_BYTES: "0",
  HOLDFAST_REPOSITORY_JOIN_TOKEN_FILE: join(stateDir, "repository.join"),
  HOLDFAST_AGENT_DATA_DIR: join(stateDir, "agent"),
  HOLDFAST_AGENT_JOIN_TOKEN_FILE: join(stateDir, "agent.join"),
});

const start = async (
  { run, tree, stateDir, env }: Place,
  service: (typeof services)[number],
): Promise<ChildProcess> => {
  const logFile = join(run.dir, `unit-${service}.log`);
  await mkdir(join(stateDir, service), { recursive: true, mode: 0o700 });
  return await startProcess({ name: service, ...(await unitCommandOf(tree, service)), env, logFile, graceMs: 30_000 });
};

const runHoldfast = async ({ tree, signal, env }: Place, args: readonly string[]): Promise<unknown> => {
  const command = join(tree.prefix, "bin", "holdfast");
  return JSON.parse(await runWell({ name: args.join(" "), command, args: [...args, "-o", "json"], env }, signal));
};

const repositoryInit = ({ tree, stateDir, env }: Place) => ({
  name: "holdfast-repository init",
  command: join(tree.prefix, "bin", "holdfast-repository"),
  args: ["init", join(stateDir, "points")],
  env,
});

const agentsSchema = z.looseObject({ agents: z.array(z.looseObject({ name: z.string(), state: z.string() })) });

const untilAgentIs = async (holdfast: UnitServices["holdfast"], state: string): Promise<void> => {
  await until(`agent east-1 to be ${state}`, async () => {
    const { agents } = agentsSchema.parse(await holdfast("agent", "list"));
    return agents.some((one) => one.name === "east-1" && one.state === state);
  });
};
