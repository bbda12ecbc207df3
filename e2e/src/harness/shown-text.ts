import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import { programArguments } from "./programs.ts";
import { runWell } from "./run-program.ts";
import type { Story } from "./story.ts";

/** What `holdfast` prints for people, run by the first administrator of a story's installation; fails unless it ends well. */
export const shownText = async (
  { run, installation }: Pick<Story, "run" | "installation">,
  ...args: readonly string[]
): Promise<string> => {
  const { ca, adminToken } = installationFiles(identityFolderOf(installation.controllerDir));
  const env = {
    ...run.env,
    HOLDFAST_CONTROLLER: installation.controllerAddress,
    HOLDFAST_TOKEN_FILE: adminToken,
    HOLDFAST_CA_FILE: ca,
  };
  const program = {
    name: "holdfast",
    command: process.execPath,
    args: [...programArguments("cli/main"), ...args],
    env,
  };
  return await runWell(program, new AbortController().signal);
};
