import type { Level } from "../../model/inventory.ts";
import { type Resource, struct } from "../resource.ts";

/** A compatibility level as the API shows it. */
export const versionOf = (level: Level): Resource => struct("version", { major: level.major, minor: level.minor });
