import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { z } from "zod";

/** This package's own file from sources, the root's where programs are bundled. */
const packageFile = findPackageJSON(import.meta.url);

/** The version of Holdfast that runs: all workspaces are released together, with the root. */
export const productVersion = z
  .object({ version: z.string() })
  .parse(packageFile === undefined ? undefined : JSON.parse(readFileSync(packageFile, "utf8"))).version;
