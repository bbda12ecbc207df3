import { join } from "node:path";
import { findProgram } from "@holdfast/shared/process/find-program";
import { root } from "./programs.ts";
import { runProgram } from "./run-program.ts";

/** What nats-server says is wrong with a configuration, without starting anything; empty when it accepts it. */
export const natsComplaint = async (file: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> => {
  const command = await findProgram("nats-server", join(root, ".cache", "tools"));
  if (command === undefined) throw new Error("nats-server is missing: scripts/ensure-tools");
  const said = await runProgram({ name: "nats-server -t", command, args: ["-t", "-c", file], env }, signal);
  return said.code === 0 ? "" : `${said.stderr}\n${said.stdout}`.trim();
};
