import { extname, join } from "node:path";

/** Top of the tree. */
export const root = join(import.meta.dirname, "..", "..", "..");

/** Stories run programs from sources; `make test`, which has just built them, says HOLDFAST_BUILT=1: they start twice as fast. */
const extension = process.env["HOLDFAST_BUILT"] === "1" ? ".js" : extname(import.meta.filename);

/** A program of the tree that stories start as a process. */
export type ProgramFile =
  | "controller/main"
  | "agent/main"
  | "repository/main"
  | "repository/cli"
  | "cli/main"
  | "e2e/simulator/main";

/** Arguments of Node that run a program, in the form that this code runs in: from sources, or built. */
export const programArguments = (file: ProgramFile): readonly string[] => {
  const [workspace = "", ...rest] = file.split("/");
  const path = (folder: string): string => `${join(root, workspace, folder, ...rest)}${extension}`;
  return extension === ".ts" ? ["--conditions=source", path("src")] : ["--enable-source-maps", path("dist")];
};
