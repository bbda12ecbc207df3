import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeGolden } from "../repository/src/testing/golden/make-golden.ts";

// Writes repository/golden anew: only when the format changes, which after a release it may not.

const folder = join(import.meta.dirname, "..", "repository", "golden");
await rm(folder, { recursive: true, force: true });
await makeGolden(folder);
