import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../process/testing/program-files.ts";
import { sibling as source } from "../sibling.ts";

/** In the place of `sibling` in a test run that has just built the programs: threads of product code come from their bundle, and start three times as fast. */
export const sibling = (meta: ImportMeta, name: string): URL => {
  const built = join(projectRoot, "dist", "programs", `${name}.js`);
  return existsSync(built) ? pathToFileURL(built) : source(meta, name);
};
