import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { randomName } from "@holdfast/shared/ids/ids";
import { findByEnvironment } from "@holdfast/shared/process/process-state";
import { afterAll, beforeAll, expect, test } from "vitest";

import { root } from "../harness/programs.ts";

const run = promisify(execFile);

const id = randomName(12);
const mark = `HOLDFAST_TEST_RUN=${id}`;

let program: ReturnType<typeof spawn>;
let printed = "";

beforeAll(async () => {
  const main = join(root, "e2e/src/lab/main.ts");
  program = spawn("setpriv", ["--pdeathsig", "KILL", "--", process.execPath, "--conditions=source", main], {
    env: { ...process.env, HOLDFAST_TEST_RUN: id },
  });
  const guided = Promise.withResolvers<void>();
  program.stdout?.on("data", (bytes: Buffer) => {
    printed += bytes.toString();
    if (printed.includes("Press Ctrl-C")) guided.resolve();
  });
  program.stderr?.on("data", (bytes: Buffer) => guided.reject(new Error(bytes.toString())));
  await guided.promise;
});

afterAll(async () => {
  if (program.exitCode !== null) return;
  const exited = once(program, "exit");
  program.kill("SIGTERM");
  await exited;
});

test("the lab prints what to try, all of which works, and leaves nothing behind when it is interrupted", async () => {
  const commands = printed.split("\n").filter((line) => /^ {4}\S/.test(line));
  expect(commands.length).toBeGreaterThan(8);
  const { stdout } = await run("bash", ["-eu", "-o", "pipefail", "-c", commands.join("\n")]);
  expect(stdout).toMatch(/^web\tup\t/m);
  expect(stdout).toContain("<vms>");
  expect(stdout).toMatch(/^web-root\tfull$/m);
  expect(stdout).toContain("503 Operation Failed");
  expect(stdout).toMatch(/^west$/m);

  const folder = /vouched for by (\S+)\/lab-manager-a\//.exec(printed)?.[1] ?? "";
  await access(folder);
  expect(await findByEnvironment(mark)).not.toEqual([]);
  const exited = once(program, "exit");
  program.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
  await expect(access(folder)).rejects.toThrow("ENOENT");
  expect(await findByEnvironment(mark)).toEqual([]);
});
