import { createRequire } from "node:module";
import { z } from "zod";

const packageFile: unknown = createRequire(import.meta.url)("../package.json");

/** This program's version, from its package. */
export const cliVersion = z.object({ version: z.string() }).parse(packageFile).version;
