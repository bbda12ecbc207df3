import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";
import { parse } from "yaml";

import { configSchema } from "../config/schema.ts";
import { startLab } from "../testing/lab.ts";

const folder = join(import.meta.dirname, "..");

test("the lines of the examples do what they say", async () => {
  const config = parse(readFileSync(join(folder, "example.yaml"), "utf8"));
  configSchema.parse(config);
  await using lab = await startLab(config);
  const [, script = ""] = /```sh\n([^]*?)```/.exec(readFileSync(join(folder, "EXAMPLES.md"), "utf8")) ?? [];
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], {
    env: { ...process.env, STATE: join(lab.directory, "s") },
    timeout: 60_000,
  });
  expect(stdout).toContain("<product_info>");
  expect(stdout).toContain('"max_readers":8');
  expect(stdout).toContain("\n1048576\n");
  expect(stdout).toMatch(/"checksum":"[0-9a-f]{64}"/);
  expect(stdout).toMatch(/"checkpoint":\[\{.*"state":"created"/);
  expect(stdout).toMatch(/"event":\[\{/);
});
