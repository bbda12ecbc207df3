import { delimiter, extname, join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { findProgram } from "@holdfast/shared/process/find-program";

/** The top of the tree that this program is part of. */
const root = join(import.meta.dirname, "..", "..", "..");

/** Extension of the file that runs: `.ts` from sources, `.js` when built; the other programs are taken in the same form. */
const extension = extname(import.meta.filename);

/** Arguments of Node that run a workspace's main program in the form that this one runs in. */
export const programArguments = (workspace: "controller" | "agent" | "repository"): readonly string[] =>
  extension === ".ts"
    ? ["--conditions=source", join(root, workspace, "src", "main.ts")]
    : ["--enable-source-maps", join(root, workspace, "dist", "main.js")];

/** The same for a program's command line, where it has one beside its server. */
export const commandArguments = (workspace: "repository"): readonly string[] =>
  extension === ".ts"
    ? ["--conditions=source", join(root, workspace, "src", "cli.ts")]
    : ["--enable-source-maps", join(root, workspace, "dist", "cli.js")];

/** nats-server: the one that setting up unpacked beside the project, else one that is installed. */
export const findNatsServer = async (path: string): Promise<string> => {
  const found = await findProgram("nats-server", `${join(root, ".cache", "tools")}${delimiter}${path}`);
  if (found !== undefined) return found;
  throw new HoldfastError(
    "UNAVAILABLE",
    `nats-server is not installed: run ${join(root, "scripts", "ensure-tools")}, or install the package nats-server`,
  );
};
