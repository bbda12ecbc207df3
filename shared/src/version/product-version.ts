import { createRequire } from "node:module";
import { z } from "zod";

const packageFile: unknown = createRequire(import.meta.url)("../../package.json");

/** The version of Holdfast that runs, from this package: all workspaces are released together. */
export const productVersion = z.object({ version: z.string() }).parse(packageFile).version;
