import { join } from "node:path";
import { beforeAll, test } from "vitest";
import { runDocument } from "../documents/run-document.ts";
import { root } from "../harness/programs.ts";
import { runWell } from "../harness/run-program.ts";
import { openTestRun } from "../harness/test-run.ts";

const withinMs = 120_000;

/** Readers run what was built, so that is what runs here; HOLDFAST_FROM_SOURCE=1 takes the sources instead, and HOLDFAST_BUILT=1 says that it was just done. */
beforeAll(async () => {
  if (process.env["HOLDFAST_FROM_SOURCE"] === "1" || process.env["HOLDFAST_BUILT"] === "1") return;
  const args = [join(root, "scripts", "bundle-programs.ts")];
  await runWell({ name: "bundle-programs", command: process.execPath, args, cwd: root }, AbortSignal.timeout(withinMs));
});

test.for(["README.md", "docs/getting-started.md", "docs/operations/recovery.md"])(
  "every sh block of %s works, in order, in an empty home",
  { timeout: withinMs + 30_000 },
  async (path) => {
    await using run = await openTestRun();
    await runDocument(run, path, withinMs);
  },
);
