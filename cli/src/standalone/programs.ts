import { join } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { ProgramSpec } from "@holdfast/shared/process/supervisor";
import { childEnvironment } from "./child-environment.ts";
import type { Layout } from "./layout.ts";
import { untilNatsServes } from "./nats-ready.ts";
import { localHost } from "./own-addresses.ts";
import { findNatsServer, programArguments } from "./program-files.ts";

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
  /** A file with a join token for a program that has not joined yet; empty for one that has. The controller serves by then. */
  readonly invite: (role: "repository" | "agent") => Promise<string>;
}

/** Every process of a small installation, in the order in which they start. */
export const standalonePrograms = (choices: StandaloneChoices): readonly ProgramSpec[] => [
  natsServer(choices),
  controller(choices),
  repository(choices),
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
      args: ["-c", layout.natsConfiguration, "-a", layout.host, "-p", String(layout.natsPort), "-n", serverName],
      env: childEnvironment(env, undefined),
      logFile: logFileOf(layout, "nats-server"),
    }),
    untilReady: (child, signal) =>
      untilNatsServes(child, { host: localHost(layout.host), port: layout.natsPort, serverName }, clock, signal),
  };
};

/** libuv's four threads would serve fsync, file I/O and name resolution alike. */
const threads = "16";

/** One of our own programs, configured by its environment alone; `settings` are named without the program's prefix. */
const ours = (
  choices: StandaloneChoices,
  workspace: "controller" | "agent" | "repository",
  settingsOf: () => Promise<Readonly<Record<string, string>>>,
): ProgramSpec => ({
  name: workspace,
  process: async () => ({
    command: process.execPath,
    args: programArguments(workspace),
    env: {
      ...childEnvironment(choices.env, `HOLDFAST_${workspace.toUpperCase()}`, await settingsOf()),
      UV_THREADPOOL_SIZE: choices.env["UV_THREADPOOL_SIZE"] ?? threads,
    },
    logFile: logFileOf(choices.layout, workspace),
  }),
});

const repository = (choices: StandaloneChoices): ProgramSpec =>
  ours(choices, "repository", async () => ({
    DIRECTORY: choices.layout.repositoryDir,
    INDEX_PATH: choices.layout.indexPath,
    IDENTITY_DIR: choices.layout.repositoryIdentityDir,
    JOIN_TOKEN_FILE: await choices.invite("repository"),
    LISTEN: choices.layout.repositoryAddress,
    CREATE: "true",
  }));

const controller = (choices: StandaloneChoices): ProgramSpec =>
  ours(choices, "controller", async () => ({
    DATA_DIR: choices.layout.controllerDir,
    RPC_LISTEN: `${choices.layout.controllerAddress},${choices.layout.apiListen}`,
    BUS_SERVERS: choices.layout.busUrl,
    IDENTITY_CONTROLLERS: choices.layout.apiAddress,
    IDENTITY_BUS_SERVERS: choices.layout.busAddress,
    TIME_ZONE: choices.timeZone,
  }));

const agent = (choices: StandaloneChoices): ProgramSpec =>
  ours(choices, "agent", async () => ({
    DATA_DIR: choices.layout.agentDir,
    IDENTITY_DIR: choices.layout.agentIdentityDir,
    JOIN_TOKEN_FILE: await choices.invite("agent"),
    BUS_SERVERS: choices.layout.busUrl,
    NAME: choices.agent.name,
    MANAGER: choices.agent.manager,
    CLUSTER: choices.agent.cluster,
    HOST: choices.agent.host,
    SLOTS: String(choices.agent.slots),
  }));
