import { installationFiles, identityFolderOf } from "@holdfast/shared/installation/installation-files";
import type { Installation } from "./installation.ts";
import { programArguments } from "./programs.ts";
import { type Said, runProgram } from "./run-program.ts";
import type { TestRun } from "./test-run.ts";

/** Runs `holdfast` with these arguments to its end, as the first administrator of an installation unless the environment says else. */
export type CommandLine = (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Said>;

/** The command line of an administrator on the controller's machine. */
export const openCommandLine = (
  run: TestRun,
  { controllerDir, controllerAddress }: Pick<Installation, "controllerDir" | "controllerAddress">,
): CommandLine => {
  const { ca, adminToken } = installationFiles(identityFolderOf(controllerDir));
  const own = { HOLDFAST_CONTROLLER: controllerAddress, HOLDFAST_CA_FILE: ca, HOLDFAST_TOKEN_FILE: adminToken };
  return (args, env = {}) =>
    runProgram(
      {
        name: "holdfast",
        command: process.execPath,
        args: [...programArguments("cli/main"), ...args],
        env: { ...run.env, ...own, ...env },
      },
      AbortSignal.timeout(120_000),
    );
};
