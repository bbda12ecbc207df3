import { join } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { ProgramSpec } from "@holdfast/shared/process/supervisor";
import { childEnvironment } from "./child-environment.ts";
import type { Layout } from "./layout.ts";
import { untilNatsServes } from "./nats-ready.ts";
import { findNatsServer, natsConfiguration, programArguments } from "./program-files.ts";

/** What the operator chose. */
export interface StandaloneChoices {
  readonly layout: Layout;
  /** Environment of standalone itself; what of it reaches a program is decided by `childEnvironment`. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly agent: {
    readonly name: string;
    readonly manager: string;
    readonly cluster: string;
    readonly host: string;
    readonly slots: number;
  };
  /** IANA zone of the installation. */
  readonly timeZone: string;
}

/** Every process of a small installation, in the order in which they start. */
export const standalonePrograms = (choices: StandaloneChoices): readonly ProgramSpec[] => [
  natsServer(choices),
  repository(choices),
  controller(choices),
  agent(choices),
];

/** Where the output of a program goes. */
export const logFileOf = (layout: Layout, program: string): string => join(layout.logsDir, `${program}.log`);

const natsServer = ({ layout, env, clock }: StandaloneChoices): ProgramSpec => {
  const serverName = `holdfast-standalone-${process.pid}`;
  return {
    name: "nats-server",
    process: async () => ({
      command: await findNatsServer(env["PATH"] ?? ""),
      args: ["-c", natsConfiguration, "-p", String(layout.natsPort), "-n", serverName],
      env: childEnvironment(env, undefined),
      logFile: logFileOf(layout, "nats-server"),
    }),
    untilReady: (child, signal) => untilNatsServes(child, { port: layout.natsPort, serverName }, clock, signal),
  };
};

/** libuv's four threads would serve fsync, file I/O and name resolution alike. */
const threads = "16";

/** One of our own programs, configured by its environment alone; `settings` are named without the program's prefix. */
const ours = (
  choices: StandaloneChoices,
  workspace: "controller" | "agent" | "repository",
  settings: Readonly<Record<string, string>>,
): ProgramSpec => ({
  name: workspace,
  process: () => ({
    command: process.execPath,
    args: programArguments(workspace),
    env: {
      ...childEnvironment(choices.env, `HOLDFAST_${workspace.toUpperCase()}`, settings),
      UV_THREADPOOL_SIZE: choices.env["UV_THREADPOOL_SIZE"] ?? threads,
    },
    logFile: logFileOf(choices.layout, workspace),
  }),
});

const repository = (choices: StandaloneChoices): ProgramSpec =>
  ours(choices, "repository", {
    DIRECTORY: choices.layout.repositoryDir,
    INDEX_PATH: choices.layout.indexPath,
    LISTEN: choices.layout.repositoryAddress,
    CREATE: "true",
  });

const controller = (choices: StandaloneChoices): ProgramSpec =>
  ours(choices, "controller", {
    DATA_DIR: choices.layout.controllerDir,
    RPC_LISTEN: choices.layout.controllerAddress,
    BUS_SERVERS: choices.layout.busUrl,
    TIME_ZONE: choices.timeZone,
  });

const agent = (choices: StandaloneChoices): ProgramSpec =>
  ours(choices, "agent", {
    DATA_DIR: choices.layout.agentDir,
    BUS_SERVERS: choices.layout.busUrl,
    NAME: choices.agent.name,
    MANAGER: choices.agent.manager,
    CLUSTER: choices.agent.cluster,
    HOST: choices.agent.host,
    SLOTS: String(choices.agent.slots),
  });
