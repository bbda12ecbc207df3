import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { InstalledTree, services } from "./installed-tree.ts";

/** What a unit starts, with the paths that it has where the tree lies. */
export interface UnitCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** The command of a service's unit, as systemd would run it: credentials are the configurations that `deploy/install` laid. */
export const unitCommandOf = async (
  { root, prefix }: InstalledTree,
  service: (typeof services)[number],
): Promise<UnitCommand> => {
  const line = await unitSetting({ root }, service, "ExecStart");
  const [command = "", ...args] = line
    .replaceAll("${CREDENTIALS_DIRECTORY}", join(root, "etc/holdfast"))
    .replaceAll("/opt/holdfast", prefix)
    .split(" ")
    .map((word) => (/^\/(?:usr|etc)\//.test(word) ? join(root, word) : word));
  return { command, args };
};

/** One setting of a service's unit; fails when the unit does not have it. */
export const unitSetting = async (
  { root }: Pick<InstalledTree, "root">,
  service: (typeof services)[number],
  key: string,
): Promise<string> => {
  const text = await readFile(join(root, "etc/systemd/system", `holdfast-${service}.service`), "utf8");
  const found = text.split("\n").find((line) => line.startsWith(`${key}=`));
  if (found === undefined) throw new Error(`holdfast-${service}.service has no ${key}`);
  return found.slice(key.length + 1);
};
