import { dirname } from "node:path";
import type { OpenMembership } from "@holdfast/shared/identity/open-membership";
import { usualLowWaterBytes } from "@holdfast/shared/doctor/space-finding";
import type { ServerSurroundings } from "../doctor/server-surroundings.ts";
import { folderOf, type ServerConfig } from "./server-config.ts";

/** Where a server of this configuration writes, and whom it needs: without room in the first two it refuses uploads. */
export const surroundingsOf = (config: ServerConfig, { folder, membership }: OpenMembership): ServerSurroundings => {
  const { indexPath, lowWaterBytes } = config;
  const directory = folderOf(config);
  return {
    folders: [
      ...(directory === undefined
        ? []
        : [{ subject: "repository", path: directory, lowWaterBytes, whenLow: "error" } as const]),
      { subject: "index", path: dirname(indexPath), lowWaterBytes, whenLow: "error" },
      { subject: "identity folder", path: folder, lowWaterBytes: Math.min(lowWaterBytes, usualLowWaterBytes) },
    ],
    controllers: membership.controllers,
  };
};
