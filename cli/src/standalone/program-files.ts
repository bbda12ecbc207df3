import { delimiter, extname, join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { findProgram } from "@holdfast/shared/process/find-program";

const here = import.meta.dirname;

/** From sources, this file is one of many; built, it is part of a bundle in which every program lies beside it. */
const isSource = extname(import.meta.filename) === ".ts";

/** The top of the tree that this program is part of. */
const root = isSource ? join(here, "..", "..", "..") : join(here, "..", "..");

const bundled = {
  controller: "holdfast-controller",
  agent: "holdfast-agent",
  repository: "repository-server",
} as const;

/** Arguments of Node that run a workspace's main program in the form that this one runs in. */
export const programArguments = (workspace: "controller" | "agent" | "repository"): readonly string[] =>
  isSource
    ? ["--conditions=source", join(root, workspace, "src", "main.ts")]
    : [join(here, `${bundled[workspace]}.js`)];

/** The same for a program's command line, where it has one beside its server. */
export const commandArguments = (workspace: "repository"): readonly string[] =>
  isSource ? ["--conditions=source", join(root, workspace, "src", "cli.ts")] : [join(here, `holdfast-${workspace}.js`)];

/** nats-server: the one that setting up unpacked beside the project, else one that is installed. */
export const findNatsServer = async (path: string): Promise<string> => {
  const found = await findProgram("nats-server", `${join(root, ".cache", "tools")}${delimiter}${path}`);
  if (found !== undefined) return found;
  throw new HoldfastError(
    "UNAVAILABLE",
    `nats-server is not installed: run ${join(root, "scripts", "ensure-tools")}, or install the package nats-server`,
  );
};
