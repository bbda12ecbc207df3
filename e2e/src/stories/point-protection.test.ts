import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CommandLine, openCommandLine } from "../harness/command-line.ts";
import { patientWithAgents } from "../harness/installation.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Stage, type StagedVm, openStage } from "../harness/stage.ts";

const dayMs = 24 * 60 * 60 * 1000;

let stage: Stage;
let holdfast: CommandLine;

beforeAll(async () => {
  stage = await openStage({ agents: ["east-1"], controllerEnv: patientWithAgents });
  holdfast = openCommandLine(stage.run, stage.installation);
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** Backs a VM up and answers the id of the new point. */
const makePoint = async (vm: StagedVm): Promise<string> => {
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  return present(session.tasks[0]).pointId;
};

/** What a command prints when it succeeds. */
const done = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await holdfast(args);
  expect(code, stderr).toBe(0);
  return stdout;
};

/** What a command says when it is refused. */
const refused = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await holdfast(args);
  expect(code).toBe(65);
  return stderr;
};

test("a protected point stays, a removed one comes back after a restart of its repository, and both are whole", async () => {
  const vm = await stage.addVm("kept", { filledMiB: 4 });
  const point = await makePoint(vm);
  await stage.change(vm, 1);
  await makePoint(vm);
  const remove = ["point", "remove", point, "--below-floor", "--yes"];
  await done("point", "protect", point, "--reason", "audit of 2026");
  expect(await done("point", "show", point)).toContain("audit of 2026");
  expect(await refused(...remove)).toContain("POINT_PROTECTED");
  await done("point", "unprotect", point);

  expect(await done(...remove)).toContain("point undelete brings it back until");
  expect(await done("point", "list")).not.toContain(point);
  expect(await done("point", "list", "--removed")).toContain("can be brought back until");
  const { repository } = stage.installation;
  await repository.stop();
  await repository.start();
  // The controller asks again a moment after it could not reach it.
  const undelete = async (): Promise<string> => (await holdfast(["point", "undelete", point])).stdout;
  await expect.poll(undelete, { timeout: 30_000, interval: 500 }).toContain("is back: good");
  await stage.expectSound(vm, 2);
});

test("nobody removes an immutable point before its time, also when the repository's clock is set ahead", async () => {
  const clockFile = join(stage.run.dir, "wall-clock.mjs");
  const offsetFile = join(stage.run.dir, "offset-ms");
  await writeFile(offsetFile, "0");
  await writeFile(clockFile, movable(offsetFile));
  const env = {
    HOLDFAST_REPOSITORY_IMMUTABILITY_DAYS: "1",
    HOLDFAST_REPOSITORY_FLOOR: "1",
    NODE_OPTIONS: `--import=${clockFile}`,
  };
  await stage.addRepository({ name: "vault", env });
  const vm = await stage.addVm("locked", { repository: "vault", filledMiB: 4 });
  const point = await makePoint(vm);
  const remove = ["point", "remove", point, "--below-floor", "--yes"];
  expect(await done("point", "show", point)).toContain("immutable until");
  expect(await refused(...remove)).toContain("POINT_IMMUTABLE");
  // Before the clock jumps: by a clock that is days ahead, the certificates of readers have expired.
  await stage.expectSound(vm, 1);

  await writeFile(offsetFile, String(3 * dayMs));
  expect(await done("repository", "show", "vault")).toMatch(/deletion\s+suspended: the clock was 72 h ahead/);
  expect(await refused(...remove)).toContain("POINT_IMMUTABLE");
  expect(await done("repository", "clock", "confirm", "vault")).toContain("is confirmed");
  expect(await done("repository", "show", "vault")).toMatch(/deletion\s+goes on/);
  expect(await done(...remove)).toContain("is marked deleted");
});

/** A module that sets the wall clock of a program by what a file says at the time. */
const movable = (offsetFile: string): string => `
import { readFileSync } from "node:fs";
const now = Date.now;
Date.now = () => now() + Number(readFileSync(${JSON.stringify(offsetFile)}, "utf8"));
`;
