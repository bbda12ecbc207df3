import { join } from "node:path";
import process from "node:process";

import { programArguments } from "../../harness/programs.ts";
import type { SimulatorConfig } from "../config/schema.ts";
import type { GuestFolder } from "./guest-files.ts";
import type { GuestProgram } from "./guest-programs.ts";

/** Where user data puts the agent's configuration and where the agent keeps its own, in the guest. */
const [configPath, dataPath] = ["etc/holdfast/agent.yaml", "var/lib/holdfast/agent"];

/** Variables of ours that say whose run this is rather than how Holdfast is to behave. */
const passedOn: readonly string[] = ["HOLDFAST_TEST_RUN"];

/** What the guest sees of the simulator's environment: nothing that configures Holdfast. */
const environmentFor = ({ root }: GuestFolder, config: SimulatorConfig): NodeJS.ProcessEnv => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => passedOn.includes(name) || (!name.startsWith("HOLDFAST_") && !name.startsWith("VITEST")),
  );
  return {
    UV_THREADPOOL_SIZE: "16",
    ...Object.fromEntries(inherited),
    HOME: root,
    HOLDFAST_AGENT_DATA_DIR: join(root, dataPath),
    ...config.guest.env,
  };
};

const withLoopback = 'PATH="$PATH:/usr/sbin:/sbin" ip link set lo up; exec "$@"';

/** Runs a command in a network of its own, with nothing but loopback. */
const alone = (command: readonly string[]): readonly string[] => [
  "unshare",
  "--map-root-user",
  "--net",
  "--",
  "/bin/sh",
  "-c",
  withLoopback,
  "sh",
  ...command,
];

/** The program of a guest: the configured command, or the agent of this tree. */
export const guestProgram = (folder: GuestFolder, config: SimulatorConfig, isIsolated: boolean): GuestProgram => {
  const agent = config.guest.command ?? [process.execPath, ...programArguments("agent/main")];
  const whole = [...agent, "--config", join(folder.root, configPath)];
  const [command = "", ...args] = isIsolated ? alone(whole) : whole;
  return { command, args, env: environmentFor(folder, config), console: folder.console };
};
