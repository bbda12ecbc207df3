import { mkdir, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { findNatsServer } from "@holdfast/shared/bus/testing/nats-server";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { type MadeInstallation, makeInstallation } from "@holdfast/shared/installation/make-installation";
import { type RpcClient, openRpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { freePort } from "./free-port.ts";
import { type KeptProgram, keepProgram } from "./kept-program.ts";
import type { RepositoryDoor } from "./point-reader.ts";
import { programArguments } from "./programs.ts";
import type { TestRun } from "./test-run.ts";
import { until } from "./until.ts";
import { openVouching } from "./vouching.ts";

/** Where an agent is deployed and what it can reach. */
export interface AgentSpec {
  readonly name: string;
  readonly manager: string;
  readonly cluster: string;
  /** The oVirt host that it runs on; empty for none. */
  readonly host?: string;
  readonly slots?: number;
  readonly reachableHosts?: readonly string[];
}

/** The processes of one Holdfast, each of which a story may kill and start again. */
export interface Installation extends AsyncDisposable {
  readonly dir: string;
  readonly nats: KeptProgram;
  readonly repository: KeptProgram;
  readonly controller: KeptProgram;
  readonly agents: ReadonlyMap<string, KeptProgram>;
  readonly agent: (name: string) => KeptProgram;
  readonly repositoryDir: string;
  readonly repositoryAddress: string;
  /** The repository itself, for looking past the controller. */
  readonly door: RepositoryDoor;
  readonly controllerDir: string;
  readonly controllerAddress: string;
  /** The controller's API on TCP, where whoever joins dials it. */
  readonly joinAddress: string;
  readonly adminToken: string;
  /** A connection to the controller's API that outlives its restarts. */
  readonly api: RpcClient;
}

/** What a story chooses. */
export interface InstallationSpec {
  readonly run: TestRun;
  readonly agents: readonly AgentSpec[];
  /** Further variables of the controller, such as shorter patience. */
  readonly controllerEnv?: Readonly<Record<string, string>>;
  readonly agentEnv?: Readonly<Record<string, string>>;
  readonly repositoryEnv?: Readonly<Record<string, string>>;
  /** Folder of the repository, when not the run's own. */
  readonly repositoryDir?: string;
  readonly controllerDir?: string;
  /** The address of this machine at which members reach controller, bus and repository over TCP, where some are not of this machine. */
  readonly reachedAt?: string;
}

/** Patience for tests: everything that waits for seconds in the field waits for less here. */
const shortPatience = {
  HOLDFAST_CONTROLLER_AGENTS_HEARTBEAT_TIMEOUT_MS: "3000",
  HOLDFAST_CONTROLLER_AGENTS_HEARTBEAT_INTERVAL_MS: "300",
  HOLDFAST_CONTROLLER_AGENTS_SILENT_AFTER_MS: "8000",
  HOLDFAST_CONTROLLER_JANITOR_EVERY_MS: "2000",
  HOLDFAST_CONTROLLER_JANITOR_REQUEST_TIMEOUT_MS: "1000",
  HOLDFAST_CONTROLLER_WORK_RETRY_DELAY_MS: "200",
  HOLDFAST_CONTROLLER_WORK_SWEEP_MS: "200",
};

/** For stories in which no agent dies: on a machine that is busy with other things a live one may be silent for longer. */
export const patientWithAgents = { HOLDFAST_CONTROLLER_AGENTS_HEARTBEAT_TIMEOUT_MS: "20000" };

/**
 * Makes an installation as `holdfast init` does, and starts bus, controller, repository and agents, in that order; the last two join
 * with tokens that an administrator made for them.
 */
export const openInstallation = async (spec: InstallationSpec): Promise<Installation> => {
  const { run } = spec;
  await using stack = new AsyncDisposableStack();
  const controllerDir = spec.controllerDir ?? join(run.dir, "controller");
  const controllerAddress = `unix:${join(run.dir, "controller.sock")}`;
  const made = await makeOne(controllerDir, spec.reachedAt ?? loopback);
  const nats = stack.use(await openNats(run, made));
  const controller = stack.use(
    await openOurs(run, "controller", "controller", {
      ...shortPatience,
      HOLDFAST_CONTROLLER_DATA_DIR: controllerDir,
      HOLDFAST_CONTROLLER_RPC_LISTEN: `${controllerAddress},${made.joinAddress}`,
      HOLDFAST_CONTROLLER_TIME_ZONE: "UTC",
      ...spec.controllerEnv,
    }),
  );
  const { adminToken, installation } = await openVouching(controllerDir);
  const api = stack.use(
    openRpcClient(controllerAddress, clientCredentials(installation.identity, { role: "controller" }), {
      metadata: () => ({ authorization: `Bearer ${adminToken}` }),
    }),
  );
  const repositoryDir = spec.repositoryDir ?? join(run.dir, "repository");
  const repositoryAddress =
    spec.reachedAt === undefined
      ? repositoryAddressOf(run, "repository")
      : `${spec.reachedAt}:${await freePort(spec.reachedAt)}`;
  const repository = stack.use(
    await openRepository(run, api, {
      name: "repository",
      directory: repositoryDir,
      env: {
        HOLDFAST_REPOSITORY_LISTEN: repositoryAddress,
        HOLDFAST_REPOSITORY_INDEX_PATH: join(run.dir, "index.sqlite"),
        ...spec.repositoryEnv,
      },
    }),
  );
  const agents = new Map<string, KeptProgram>();
  for (const agent of spec.agents) agents.set(agent.name, stack.use(await openAgent(spec, api, agent)));

  const owned = stack.move();
  return {
    dir: run.dir,
    nats,
    repository,
    controller,
    agents,
    agent: (name) => {
      const found = agents.get(name);
      if (found === undefined) throw new Error(`no agent ${name}`);
      return found;
    },
    repositoryDir,
    repositoryAddress,
    door: { address: repositoryAddress, controllerDir },
    controllerDir,
    controllerAddress,
    joinAddress: made.joinAddress,
    adminToken,
    api,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const loopback = "127.0.0.1";

interface Made extends MadeInstallation {
  /** Where those dial the controller who are on no socket of this machine: workers. */
  readonly joinAddress: string;
  readonly busAddress: string;
}

const makeOne = async (controllerDir: string, host: string): Promise<Made> => {
  const [joinAddress, busAddress] = [`${host}:${await freePort(host)}`, `${host}:${await freePort(host)}`];
  const made = await makeInstallation({
    dataDir: controllerDir,
    controllers: [joinAddress],
    busListen: busAddress,
    busServers: [`tls://${busAddress}`],
    clock: systemClock,
    random: systemRandom,
  });
  return { ...made, joinAddress, busAddress };
};

const openOurs = (
  run: TestRun,
  workspace: "controller" | "agent" | "repository",
  name: string,
  env: NodeJS.ProcessEnv,
): Promise<KeptProgram> =>
  keepProgram({
    name,
    command: process.execPath,
    args: programArguments(`${workspace}/main`),
    env: { ...run.env, ...env },
    logFile: join(run.dir, `${name}.log`),
  });

/** Where the repository server of this name listens. */
export const repositoryAddressOf = (run: TestRun, name: string): string => `unix:${join(run.dir, `${name}.sock`)}`;

/** A repository server to start. */
export interface RepositorySpec {
  readonly name: string;
  readonly directory: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** What a repository server is told: where it is, and how it joins. */
export const repositoryEnv = async (
  run: TestRun,
  api: RpcClient,
  spec: RepositorySpec,
): Promise<NodeJS.ProcessEnv> => ({
  HOLDFAST_REPOSITORY_DIRECTORY: spec.directory,
  HOLDFAST_REPOSITORY_LISTEN: repositoryAddressOf(run, spec.name),
  HOLDFAST_REPOSITORY_CREATE: "true",
  HOLDFAST_REPOSITORY_LOW_WATER_BYTES: "0",
  HOLDFAST_REPOSITORY_RESERVE_BYTES: "0",
  HOLDFAST_REPOSITORY_IDENTITY_DIR: join(run.dir, `${spec.name}-identity`),
  HOLDFAST_REPOSITORY_JOIN_TOKEN_FILE: await invite(run, api, { role: "repository", name: spec.name }),
  ...spec.env,
});

const openRepository = async (run: TestRun, api: RpcClient, spec: RepositorySpec): Promise<KeptProgram> =>
  await openOurs(run, "repository", spec.name, await repositoryEnv(run, api, spec));

const openAgent = async (
  { run, agentEnv }: InstallationSpec,
  api: RpcClient,
  agent: AgentSpec,
): Promise<KeptProgram> => {
  const dataDir = join(run.dir, `agent-${agent.name}`);
  await mkdir(dataDir, { recursive: true });
  const { name, manager: managerName, cluster: clusterName } = agent;
  return await openOurs(run, "agent", `agent-${name}`, {
    HOLDFAST_AGENT_DATA_DIR: dataDir,
    HOLDFAST_AGENT_NAME: name,
    HOLDFAST_AGENT_HOST: agent.host ?? "",
    HOLDFAST_AGENT_SLOTS: String(agent.slots ?? 2),
    HOLDFAST_AGENT_REACHABLE_HOSTS: (agent.reachableHosts ?? ["*"]).join(","),
    HOLDFAST_AGENT_JOIN_TOKEN_FILE: await invite(run, api, { role: "agent", name, managerName, clusterName }),
    HOLDFAST_AGENT_DRAIN_MS: "0",
    ...agentEnv,
  });
};

/** Whom an administrator invites. */
export interface Invitation {
  readonly role: "agent" | "repository";
  readonly name: string;
  readonly managerName?: string;
  readonly clusterName?: string;
}

/** Has an administrator make a join token, and answers the file that it is in. */
export const invite = async (run: TestRun, api: RpcClient, request: Invitation): Promise<string> => {
  const { joinToken } = await api.service(IdentityService).invite(request, { timeoutMs: 30_000 });
  const file = join(run.dir, `${request.role}-${request.name}.join`);
  await writeFile(file, `${joinToken}\n`, { mode: 0o600 });
  return file;
};

const openNats = async (run: TestRun, { natsConfigurationFile, busAddress }: Made): Promise<KeptProgram> =>
  await keepProgram(
    {
      name: "nats-server",
      command: await findNatsServer(),
      args: ["-c", natsConfigurationFile],
      env: run.env,
      logFile: join(run.dir, "nats.log"),
    },
    () => untilOpen(busAddress),
  );

const untilOpen = (address: string) =>
  until("nats-server to take connections", async () => {
    const { hostname: host, port } = new URL(`tls://${address}`);
    const socket = createConnection({ host, port: Number(port) });
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    return open && { ready: true as const, address: `tls://${address}` };
  });
