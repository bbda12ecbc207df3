import { openLogger } from "@holdfast/shared/logging/pino-logger";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { locationHelp } from "./options.ts";
import { loadServerConfig, runServer } from "../run-server.ts";

interface ServeOptions {
  readonly config?: string;
  readonly dir?: string;
  readonly index?: string;
  readonly listen?: string;
  readonly create?: boolean;
  readonly checkConfig?: boolean;
  readonly joinTokenFile?: string;
  readonly identity?: string;
}

/** `serve`: the same server as the process of its own. */
export const serveCommand = ({ signal }: CommandContext): Command =>
  new Command("serve")
    .description("serve a repository until told to stop; logs are JSON lines on standard output")
    .option("--config <file>", "configuration in YAML")
    .option("--dir <location>", locationHelp)
    .option("--index <file>", "file of the index")
    .option("--listen <address>", "where calls are taken, such as 127.0.0.1:7010 or unix:/path")
    .option("--create", "make the repository when its folder is empty or absent")
    .option("--check-config", "read the configuration, name every problem, and end")
    .option("--join-token-file <file>", "join token that makes it part of an installation; used at its first start")
    .option("--identity <dir>", "folder of its identity, outside the repository")
    .action(async (options: ServeOptions) => {
      const { config, dir, index, listen, create, checkConfig, joinTokenFile, identity } = options;
      using log = openLogger({ component: "repository" });
      const overrides = {
        ...(dir !== undefined && { directory: dir }),
        ...(index !== undefined && { indexPath: index }),
        ...(listen !== undefined && { listen }),
        ...(create !== undefined && { create }),
        ...(joinTokenFile !== undefined && { joinTokenFile }),
        ...(identity !== undefined && { identityDir: identity }),
      };
      const start = { configFile: config, env: process.env, overrides };
      if (checkConfig === true) await loadServerConfig(start);
      else await runServer(start, signal, log);
    });
