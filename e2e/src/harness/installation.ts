import { mkdir, readFile, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import type { ChildProcess } from "@holdfast/shared/process/child-process";
import { findProgram } from "@holdfast/shared/process/find-program";
import { type RpcClient, openRpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { type KeptProgram, keepProgram } from "./kept-program.ts";
import { programArguments, root } from "./programs.ts";
import type { TestRun } from "./test-run.ts";
import { until } from "./until.ts";

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
  readonly controllerDir: string;
  readonly controllerAddress: string;
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

/** Starts bus, repository, controller and agents, in that order. */
export const openInstallation = async (spec: InstallationSpec): Promise<Installation> => {
  const { run } = spec;
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await openNats(run));
  const bus = nats.ready.address ?? "";

  const repositoryDir = spec.repositoryDir ?? join(run.dir, "repository");
  const repositoryAddress = `unix:${join(run.dir, "repository.sock")}`;
  const repository = stack.use(
    await openOurs(run, "repository", "repository", {
      HOLDFAST_REPOSITORY_DIRECTORY: repositoryDir,
      HOLDFAST_REPOSITORY_INDEX_PATH: join(run.dir, "index.sqlite"),
      HOLDFAST_REPOSITORY_LISTEN: repositoryAddress,
      HOLDFAST_REPOSITORY_CREATE: "true",
      HOLDFAST_REPOSITORY_LOW_WATER_BYTES: "0",
      ...spec.repositoryEnv,
    }),
  );

  const controllerDir = spec.controllerDir ?? join(run.dir, "controller");
  const controllerAddress = `unix:${join(run.dir, "controller.sock")}`;
  const controller = stack.use(
    await openOurs(run, "controller", "controller", {
      ...shortPatience,
      HOLDFAST_CONTROLLER_DATA_DIR: controllerDir,
      HOLDFAST_CONTROLLER_RPC_LISTEN: controllerAddress,
      HOLDFAST_CONTROLLER_BUS_SERVERS: bus,
      HOLDFAST_CONTROLLER_TIME_ZONE: "UTC",
      ...spec.controllerEnv,
    }),
  );

  const agents = new Map<string, KeptProgram>();
  for (const agent of spec.agents) agents.set(agent.name, stack.use(await openAgent(spec, agent, bus)));
  const api = stack.use(openRpcClient(controllerAddress, clientCredentials({ mode: "insecure" })));

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
    controllerDir,
    controllerAddress,
    api,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
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

const openAgent = async ({ run, agentEnv }: InstallationSpec, agent: AgentSpec, bus: string): Promise<KeptProgram> => {
  const dataDir = join(run.dir, `agent-${agent.name}`);
  await mkdir(dataDir, { recursive: true });
  return await openOurs(run, "agent", `agent-${agent.name}`, {
    HOLDFAST_AGENT_DATA_DIR: dataDir,
    HOLDFAST_AGENT_NAME: agent.name,
    HOLDFAST_AGENT_MANAGER: agent.manager,
    HOLDFAST_AGENT_CLUSTER: agent.cluster,
    HOLDFAST_AGENT_HOST: agent.host ?? "",
    HOLDFAST_AGENT_SLOTS: String(agent.slots ?? 2),
    HOLDFAST_AGENT_REACHABLE_HOSTS: (agent.reachableHosts ?? ["*"]).join(","),
    HOLDFAST_AGENT_BUS_SERVERS: bus,
    ...agentEnv,
  });
};

/** nats-server on a port of its own choice at the first start, and on that one ever after. */
const openNats = async (run: TestRun): Promise<KeptProgram> => {
  const portsDir = join(run.dir, "nats");
  await mkdir(portsDir, { recursive: true });
  const command =
    (await findProgram("nats-server", `${join(root, ".cache", "tools")}:${process.env["PATH"] ?? ""}`)) ??
    "nats-server";
  const args = ["-c", join(root, "deploy", "nats", "loopback.conf"), "--ports_file_dir", portsDir];

  await using probe = await keepProgram(
    { name: "nats-server", command, args: [...args, "-p", "-1"], env: run.env },
    (child) => readPorts(child, portsDir),
  );
  const port = new URL(probe.ready.address ?? "").port;
  await probe.stop();
  await rm(portsDir, { recursive: true });
  return await keepProgram(
    {
      name: "nats-server",
      command,
      args: ["-c", join(root, "deploy", "nats", "loopback.conf"), "-p", port],
      env: run.env,
      logFile: join(run.dir, "nats.log"),
    },
    () => untilOpen(Number(port)),
  );
};

const readPorts = (child: ChildProcess, dir: string) =>
  until("nats-server's ports file", async () => {
    const ports = JSON.parse(await readFile(join(dir, `nats-server_${child.pid}.ports`), "utf8")) as { nats: string[] };
    return { ready: true as const, address: ports.nats[0] ?? "" };
  });

const untilOpen = (port: number) =>
  until("nats-server to take connections", async () => {
    const socket = createConnection({ host: "127.0.0.1", port });
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    return open && { ready: true as const, address: `nats://127.0.0.1:${port}` };
  });
