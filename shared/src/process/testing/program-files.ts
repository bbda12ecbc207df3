import { existsSync } from "node:fs";
import { dirname, extname, join } from "node:path";

/** Programs that tests start as processes: where their sources lie, and where the bundle of each is put below `dist`. */
const programs = {
  "controller/main": { source: "controller/src/main.ts", bundle: "programs/holdfast-controller.js" },
  "agent/main": { source: "agent/src/main.ts", bundle: "programs/holdfast-agent.js" },
  "repository/main": { source: "repository/src/main.ts", bundle: "programs/repository-server.js" },
  "repository/cli": { source: "repository/src/cli.ts", bundle: "programs/holdfast-repository.js" },
  "cli/main": { source: "cli/src/main.ts", bundle: "programs/holdfast.js" },
  "e2e/simulator/main": { source: "e2e/src/simulator/main.ts", bundle: "lab/holdfast-ovirt-simulator.js" },
} as const;

/** One of them, by the workspace and the module that starts it. */
export type ProgramFile = keyof typeof programs;

const treeAbove = (folder: string): string =>
  existsSync(join(folder, "package-lock.json")) || dirname(folder) === folder ? folder : treeAbove(dirname(folder));

/** Top of the tree that this code is in, whether it is a source, was compiled, or is part of a bundle. */
export const projectRoot = treeAbove(import.meta.dirname);

/** Tests run programs from sources; whoever has just built them says HOLDFAST_BUILT=1: they start four times as fast. */
const areBuilt = process.env["HOLDFAST_BUILT"] === "1" || extname(import.meta.filename) === ".js";

/** Arguments of Node that run a program: its sources, or its bundle where programs are built. */
export const programArguments = (file: ProgramFile): readonly string[] =>
  areBuilt
    ? [join(projectRoot, "dist", programs[file].bundle)]
    : ["--conditions=source", join(projectRoot, programs[file].source)];
