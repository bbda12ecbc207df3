import { hostname } from "node:os";
import { resolve } from "node:path";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { openLogger } from "@holdfast/shared/logging/pino-logger";
import { untilAborted } from "@holdfast/shared/lifecycle/abort";
import { announceReady } from "@holdfast/shared/process/ready";
import { type Supervisor, openSupervisor } from "@holdfast/shared/process/supervisor";
import { InvalidArgumentError } from "commander";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { defaultDataDir, slowCallMs, withService } from "../connection.ts";
import { openOwnInstallation } from "./own-installation.ts";
import { targetOf } from "./own-target.ts";
import { createOwnInviter, forgetJoinTokens } from "./own-inviter.ts";
import { parseOwnListen } from "./own-addresses.ts";
import type { CliContext } from "../context.ts";
import { lockDirectory } from "./directory-lock.ts";
import { type Layout, openLayout } from "./layout.ts";
import { logFileOf, standalonePrograms } from "./programs.ts";

interface StandaloneOptions {
  readonly data?: string;
  readonly listen?: string;
  readonly natsPort: number;
  readonly agentName: string;
  readonly agentManager: string;
  readonly agentCluster: string;
  readonly agentHost: string;
  readonly slots: number;
  readonly timeZone: string;
}

/** `standalone`: nats-server, controller, repository and one agent as processes of their own, until interrupted. */
export const standaloneCommand: CommandMaker = (context) =>
  verb("standalone", "Run a whole small installation on this machine, from one data directory", [
    "standalone",
    "standalone --data /srv/holdfast --agent-manager prod --agent-cluster Default",
  ])
    .option("--data <directory>", "data directory (default: HOLDFAST_DATA_DIR, or ~/.local/share/holdfast)")
    .option(
      "--listen <address>",
      "host or host:port where agents elsewhere reach the controller; the bus listens on that host too (default: 127.0.0.1, a port that is kept)",
    )
    .option("--nats-port <port>", "port of the bus; a free one is chosen at the first start and kept", parsePort, 0)
    .option("--agent-name <name>", "name of the agent", `${hostname()}-agent`)
    .option("--agent-manager <manager>", "name of the manager that the agent is deployed to", "default")
    .option(
      "--agent-cluster <cluster>",
      "its cluster there; VMs of others are served when they have no agent",
      "Default",
    )
    .option("--agent-host <host>", "name of the oVirt host, when this machine is one", "")
    .option("--slots <count>", "tasks that the agent does at once", parseCount, 2)
    .option("--time-zone <zone>", "IANA zone of the installation", Intl.DateTimeFormat().resolvedOptions().timeZone)
    .action(async (_options, command) => {
      await runStandalone(context, optionsOf<StandaloneOptions>(command));
    });

/** Name under which the installation's own repository is made known at the first start. */
const repositoryName = "main";

const runStandalone = async (context: CliContext, options: StandaloneOptions): Promise<void> => {
  const dataDir = resolve(options.data ?? defaultDataDir(context.env));
  await using _lock = await lockDirectory(dataDir);
  const layout = await openLayout(dataDir, { natsPort: options.natsPort, listen: parseOwnListen(options.listen) });
  using log = openLogger({ component: "standalone", file: logFileOf(layout, "standalone") });
  await openOwnInstallation(context, layout);
  await using supervisor = await openPrograms(context, options, layout, log);
  await forgetJoinTokens(layout);
  await registerRepository(context, layout);
  context.note(readyText(layout));
  const {
    controllerAddress: address,
    repositoryAddress: repository,
    busUrl: bus,
    apiAddress,
    tokenFile,
    caFile,
  } = layout;
  announceReady({ address, repository, bus, apiAddress, tokenFile, caFile });

  const failure = await Promise.race([supervisor.gaveUp, untilAborted(context.signal)]);
  if (failure !== undefined) throw failure;
};

/** Starts every program; a failure says where to read more. */
const openPrograms = async (
  context: CliContext,
  options: StandaloneOptions,
  layout: Layout,
  log: Logger,
): Promise<Supervisor> => {
  const { agentName: name, agentManager: manager, agentCluster: cluster, agentHost: host, slots, timeZone } = options;
  const agent = { name, manager, cluster, host, slots };
  const invite = createOwnInviter(context, layout, agent);
  const programs = standalonePrograms({ layout, env: process.env, clock: context.clock, agent, timeZone, invite });
  try {
    return await openSupervisor({ programs, log, clock: context.clock }, context.signal);
  } catch (caught) {
    const error = HoldfastError.from(caught);
    throw new HoldfastError(error.code, `${error.message} (logs are in ${layout.logsDir})`, { cause: caught });
  }
};

const registerRepository = async (context: CliContext, layout: Layout): Promise<void> => {
  await withService(context, targetOf(layout), RepositoryRegistryService, async (client) => {
    try {
      await client.addRepository(
        { name: repositoryName, address: layout.repositoryAddress },
        { signal: context.signal, timeoutMs: slowCallMs },
      );
    } catch (caught) {
      if (!hasCode(caught, "ALREADY_EXISTS")) throw caught;
    }
  });
};

const readyText = (layout: Layout): string =>
  [
    `holdfast is ready; logs are in ${layout.logsDir}`,
    `  controller  ${layout.controllerAddress}, for joiners ${layout.apiAddress}`,
    `  repository  ${layout.repositoryAddress} (known as "${repositoryName}")`,
    `  bus         ${layout.busUrl}`,
    `  token       ${layout.tokenFile} (first administrator)`,
    `  authority   ${layout.caFile}`,
    `  recovery    ${layout.recoveryKit} (move it where this machine is not)`,
    "interrupt to stop it",
  ].join("\n");

const parsePort = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("give a port from 0 to 65535");
  return port;
};

const parseCount = (text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("give a whole number from 1");
  return count;
};
