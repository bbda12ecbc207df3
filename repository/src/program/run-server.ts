import { loadConfig } from "@holdfast/shared/config/load-config";
import type { Environment } from "@holdfast/shared/config/environment";
import { untilAborted } from "@holdfast/shared/lifecycle/abort";
import type { Logger } from "@holdfast/shared/logging/logger";
import { announceReady } from "@holdfast/shared/process/ready";
import { openRepositoryServer } from "./repository-server.ts";
import { type ServerConfig, serverConfigSchema } from "./server-config.ts";

/** Where the server's configuration comes from. */
export interface ServerStart {
  readonly configFile: string | undefined;
  readonly env: Environment;
  /** Values of the command line; they win. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** Serves a repository until the signal aborts or another server takes it over; tells the ready line in between. */
export const runServer = async (start: ServerStart, signal: AbortSignal, log: Logger): Promise<void> => {
  const config = await loadServerConfig(start);
  await using server = await openRepositoryServer(config, { log }, signal);
  announceReady({ address: server.address, repository: server.facts.repositoryId });
  await Promise.race([untilAborted(signal), server.lost]);
};

/** The checked configuration of a start; CONFIG_INVALID names every problem. */
export const loadServerConfig = ({ configFile: file, env, overrides = {} }: ServerStart): Promise<ServerConfig> =>
  loadConfig({ schema: serverConfigSchema, file, env, prefix: "HOLDFAST_REPOSITORY", overrides });
