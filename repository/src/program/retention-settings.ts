import { join } from "node:path";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { RetentionSettings } from "../catalog/point-decisions.ts";
import { reserveName } from "../store/object-names.ts";
import { FileReserve, noReserve, type SpaceReserve } from "../store/space-reserve.ts";
import { folderOf, type ServerConfig } from "./server-config.ts";

const hourMs = 3_600_000;

/** What the configuration says about points after their commit, in the store's units. */
export const retentionSettings = ({
  undeleteHours,
  floor,
  immutabilityDays,
}: Pick<ServerConfig, "undeleteHours" | "floor" | "immutabilityDays">): RetentionSettings => ({
  undeletePeriodMs: Math.round(undeleteHours * hourMs),
  floor,
  immutabilityMs: immutabilityDays === 0 ? undefined : Math.round(immutabilityDays * 24 * hourMs),
});

/** The reserve of a repository on a directory; in a bucket there is none, since its room is not a file system's. */
export const reserveOf = (config: ServerConfig, random: RandomBytes): SpaceReserve => {
  const folder = folderOf(config);
  if (folder === undefined) return noReserve;
  const { reserveBytes: bytes, lowWaterBytes: leavesBytes } = config;
  return new FileReserve({ path: join(folder, reserveName), bytes, leavesBytes, random });
};
