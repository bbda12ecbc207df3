import { existsSync } from "node:fs";
import { appendFile, chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { toIso } from "@holdfast/shared/clock/clock";

import type { Engine } from "../engine/engine.ts";
import type { UserData } from "./cloud-config.ts";

/** Where the lab keeps what a guest has on its disks, as far as its program sees it. */
export interface GuestFolder {
  /** The root of the guest's files. */
  readonly root: string;
  /** What its program says, and what the lab did to it. */
  readonly console: string;
}

const unit = "holdfast-agent.service";
const enabledPath = `etc/systemd/system/multi-user.target.wants/${unit}`;

const folderOf = (engine: Engine, vmId: string): string => join(engine.stateDir, "vms", vmId);

/** The folder of a VM's guest; it need not exist. */
export const guestFolder = (engine: Engine, vmId: string): GuestFolder => {
  const folder = folderOf(engine, vmId);
  return { root: join(folder, "root"), console: join(folder, "console.log") };
};

/** Writes a line of the lab's own to the guest's console. */
export const noteOnConsole = async (engine: Engine, vmId: string, words: string): Promise<void> => {
  const { root, console } = guestFolder(engine, vmId);
  await mkdir(root, { recursive: true });
  await appendFile(console, `${toIso(engine.clock.nowMs())} lab: ${words}\n`, { mode: 0o600 });
};

/** True when the guest starts its agent at every boot. */
export const isAgentEnabled = ({ root }: GuestFolder): boolean => existsSync(join(root, enabledPath));

const isOurUnit = (word: string): boolean => word === unit || `${word}.service` === unit;

/** What a command does to the agent's unit; undefined for any other command, which the lab does not run. */
const unitAction = ([program, action, ...rest]: readonly string[]): "enable" | "start" | undefined => {
  if (program !== "systemctl" || !rest.some(isOurUnit)) return undefined;
  if (action === "enable") return "enable";
  return action === "start" || action === "restart" ? "start" : undefined;
};

/** Does in the guest what cloud-init would; true when the agent is to be started although it is not enabled. */
export const applyUserData = async (engine: Engine, vmId: string, userData: UserData): Promise<boolean> => {
  const { root } = guestFolder(engine, vmId);
  for (const { path, content, mode } of userData.files) {
    const target = join(root, join("/", path));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode });
    await chmod(target, mode);
    await noteOnConsole(engine, vmId, `wrote ${path}`);
  }
  const actions = userData.commands.map(unitAction);
  if (actions.includes("enable")) {
    await mkdir(dirname(join(root, enabledPath)), { recursive: true });
    await writeFile(join(root, enabledPath), "");
  }
  for (const [index, [program = ""]] of userData.commands.entries()) {
    await noteOnConsole(engine, vmId, actions[index] === undefined ? `did not run ${program}` : `ran ${program}`);
  }
  return actions.includes("start");
};

/** Removes everything that the guest had. */
export const eraseGuest = (engine: Engine, vmId: string): Promise<void> =>
  rm(folderOf(engine, vmId), { recursive: true, force: true });
