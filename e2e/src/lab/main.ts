import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { traitsOf } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName } from "@holdfast/shared/ids/ids";

import { openLab } from "../harness/lab.ts";
import type { TestRun } from "../harness/test-run.ts";
import { guideOf } from "./guide.ts";
import { managerConfig } from "./lab-config.ts";

const ended = Promise.withResolvers<void>();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    ended.resolve();
  });
}

const openFolder = async (): Promise<TestRun> => {
  const id = process.env["HOLDFAST_TEST_RUN"] ?? randomName(12);
  const dir = await mkdtemp(join(tmpdir(), "hf-lab-"));
  return {
    id,
    dir,
    env: { ...process.env, UV_THREADPOOL_SIZE: "16", HOLDFAST_TEST_RUN: id },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
};

const serve = async (): Promise<void> => {
  await using run = await openFolder();
  await using first = await openLab(run, managerConfig("manager-a", 1));
  await using second = await openLab(run, managerConfig("manager-b", 100));
  process.stdout.write(`${guideOf([first.addresses, second.addresses])}\n`);
  await ended.promise;
  process.stdout.write("\nending\n");
};

try {
  await serve();
} catch (caught) {
  process.stderr.write(`the lab failed: ${HoldfastError.from(caught).message}\n`);
  process.exitCode = traitsOf(HoldfastError.from(caught).code).exit;
}
