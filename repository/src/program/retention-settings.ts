import { join } from "node:path";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { RetentionSettings } from "../catalog/point-decisions.ts";
import { reserveName } from "../store/object-names.ts";
import { FileReserve, type SpaceReserve } from "../store/space-reserve.ts";
import type { ServerConfig } from "./server-config.ts";

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

/** The reserve of a repository on a directory. */
export const reserveOf = (
  { directory, reserveBytes, lowWaterBytes }: Pick<ServerConfig, "directory" | "reserveBytes" | "lowWaterBytes">,
  random: RandomBytes,
): SpaceReserve =>
  new FileReserve({ path: join(directory, reserveName), bytes: reserveBytes, leavesBytes: lowWaterBytes, random });
