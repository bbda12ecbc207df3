import { openLogger } from "@holdfast/shared/logging/pino-logger";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { loadServerConfig, runServer } from "../run-server.ts";

interface ServeOptions {
  readonly config?: string;
  readonly dir?: string;
  readonly index?: string;
  readonly listen?: string;
  readonly create?: boolean;
  readonly checkConfig?: boolean;
}

/** `serve`: the same server as the process of its own. */
export const serveCommand = ({ signal }: CommandContext): Command =>
  new Command("serve")
    .description("serve a repository until told to stop; logs are JSON lines on standard output")
    .option("--config <file>", "configuration in YAML")
    .option("--dir <dir>", "folder of the repository")
    .option("--index <file>", "file of the index")
    .option("--listen <address>", "where calls are taken, such as 127.0.0.1:7010 or unix:/path")
    .option("--create", "make the repository when its folder is empty or absent")
    .option("--check-config", "read the configuration, name every problem, and end")
    .action(async ({ config, dir, index, listen, create, checkConfig }: ServeOptions) => {
      using log = openLogger({ component: "repository" });
      const overrides = {
        ...(dir !== undefined && { directory: dir }),
        ...(index !== undefined && { indexPath: index }),
        ...(listen !== undefined && { listen }),
        ...(create !== undefined && { create }),
      };
      const start = { configFile: config, env: process.env, overrides };
      if (checkConfig === true) await loadServerConfig(start);
      else await runServer(start, signal, log);
    });
