import { copyFile, cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "@holdfast/shared/process/find-program";
import { root } from "./programs.ts";
import { runWell } from "./run-program.ts";
import type { TestRun } from "./test-run.ts";

/** Services that have a unit. */
export const services = ["controller", "agent", "repository", "nats"] as const;

/** A machine's root folder in which the tarball was unpacked and every service installed, beside the little of Debian that units name. */
export interface InstalledTree {
  readonly root: string;
  /** `/opt/holdfast` below it. */
  readonly prefix: string;
}

/** Makes such a folder from what was built; nothing of it was ever started. */
export const openInstalledTree = async (run: TestRun, signal: AbortSignal): Promise<InstalledTree> => {
  const tree = join(run.dir, "root");
  const prefix = join(tree, "opt", "holdfast");
  const tool = (command: string, ...args: readonly string[]): Promise<string> =>
    runWell({ name: command, command, args, cwd: root, env: run.env }, signal);
  await tool("scripts/make-dist", "--stage", prefix);
  await layDebian(tree);
  await tool(join(prefix, "deploy", "install"), "--root", tree, "--files-only", ...services);
  return { root: tree, prefix };
};

/** What units of ours depend on: Debian's own units, nats-server, a shell. */
const layDebian = async (tree: string): Promise<void> => {
  for (const folder of ["usr/lib/systemd", "usr/sbin", "usr/bin", "etc"]) {
    await mkdir(join(tree, folder), { recursive: true });
  }
  await symlink("usr/lib", join(tree, "lib"));
  await symlink("usr/bin", join(tree, "bin"));
  await cp("/lib/systemd/system", join(tree, "usr/lib/systemd/system"), { recursive: true, verbatimSymlinks: true });
  const natsServer = await findProgram("nats-server", join(root, ".cache", "tools"));
  if (natsServer === undefined) throw new Error("nats-server is missing: scripts/ensure-tools");
  await copyFile(natsServer, join(tree, "usr/sbin/nats-server"));
  await copyFile("/bin/kill", join(tree, "usr/bin/kill"));
};
