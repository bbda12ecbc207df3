import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, openInstallation } from "../harness/installation.ts";
import { type Lab, imageioPorts, openLab, twoClusters } from "../harness/lab.ts";
import { createOperator } from "../harness/operator.ts";
import { programArguments } from "../harness/programs.ts";
import { runProgram, type Said } from "../harness/run-program.ts";
import { type TestRun, openTestRun } from "../harness/test-run.ts";

const stack = new AsyncDisposableStack();
let run: TestRun;
let lab: Lab;
let installation: Installation;

interface Check {
  readonly role: string;
  readonly name: string;
  readonly kind: string;
  readonly subject: string;
  readonly state: string;
  readonly message: string;
  readonly advice: string;
  readonly measured?: number;
  readonly unit: string;
}

/** One agent in each cluster of one lab; the ports of its hosts are told, since they are not the usual ones. */
beforeAll(async () => {
  run = stack.use(await openTestRun());
  lab = stack.use(await openLab(run, twoClusters("lab")));
  const { proxyPort = 0 } = lab.addresses;
  const agents = ["east", "west"].map((cluster) => ({ name: `${cluster}-1`, manager: "lab", cluster }));
  installation = stack.use(
    await openInstallation({
      run,
      agents,
      controllerEnv: {
        ...imageioPorts([lab]),
        HOLDFAST_CONTROLLER_DOCTOR_PROXY_PORT: String(proxyPort),
        // A frozen agent is to be asked, not known as silent.
        HOLDFAST_CONTROLLER_AGENTS_SILENT_AFTER_MS: "600000",
      },
    }),
  );
  const operator = createOperator(installation);
  await operator.addManager(lab);
  await operator.addRepository();
  await operator.waitForAgents("east-1", "west-1");
});
afterAll(() => stack.disposeAsync());

const doctor = (...args: readonly string[]): Promise<Said> => {
  const identity = join(installation.controllerDir, "identity");
  return runProgram(
    {
      name: "holdfast doctor",
      command: process.execPath,
      args: [...programArguments("cli/main"), "doctor", ...args],
      env: {
        ...run.env,
        HOLDFAST_CONTROLLER: installation.controllerAddress,
        HOLDFAST_TOKEN_FILE: join(identity, "admin.token"),
        HOLDFAST_CA_FILE: join(identity, "ca.pem"),
      },
    },
    AbortSignal.timeout(120_000),
  );
};

const examine = async (timeout = 10) => {
  const { code, stdout, stderr } = await doctor("-o", "json", "--timeout", String(timeout));
  expect(stdout, stderr).not.toBe("");
  return { code, ...(JSON.parse(stdout) as { readonly state: string; readonly checks: readonly Check[] }) };
};

/** `who kind subject` of the checks in this state. */
const inState = (checks: readonly Check[], state: string): readonly string[] =>
  checks
    .filter((check) => check.state === state)
    .map(({ role, name, kind, subject }) => `${role} ${name} ${kind} ${subject}`);

test("where all is well every process says so, about everything that it needs", async () => {
  const { code, state, checks } = await examine();
  expect(inState(checks, "error")).toEqual([]);
  expect(inState(checks, "warning")).toEqual([]);
  expect([code, state]).toEqual([0, "ok"]);

  const well = inState(checks, "ok");
  for (const agent of ["east-1", "west-1"]) {
    for (const what of [
      "hello hello",
      "version version",
      "clock clock against the controller's",
      "trust revocations",
      "certificate own certificate",
      "connection controller",
      "connection bus",
      "connection repository main",
      "connection imageio of host lab-east-1 of manager lab",
      "connection imageio of host lab-west-1 of manager lab",
      "connection imageio proxy of manager lab",
      "certificate certificate of imageio of host lab-east-1 of manager lab",
    ])
      expect(well).toContain(`agent ${agent} ${what}`);
  }
  for (const what of [
    "manager manager lab",
    "connection engine of manager lab",
    "certificate API anchor of manager lab",
  ])
    expect(well).toContain(`controller controller ${what}`);
  expect(well).toContain("repository main clock clock against the controller's");
  expect(well).toContain("cli  clock clock against the controller's");
  const clock = checks.find(({ role, kind }) => role === "repository" && kind === "clock");
  expect(clock).toMatchObject({ unit: "ms", advice: "" });
  expect(Math.abs(clock?.measured ?? Number.NaN)).toBeLessThan(2_000);

  const { code: tableCode, stdout } = await doctor();
  expect(tableCode).toBe(0);
  expect(stdout).toMatch(
    /^controller: \d+ ok.*\n\nrepository main: .*\n\nagent east-1: .*\n\nagent west-1: .*\n\nthis machine: .*$/,
  );
  expect((await doctor("--all")).stdout).toContain("imageio of host lab-east-1 of manager lab");
});

test("a frozen agent is an error of its own, and hinders nobody", async () => {
  installation.agent("east-1").signal("SIGSTOP");
  const { code, state, checks } = await examine(4).finally(() => {
    installation.agent("east-1").signal("SIGCONT");
  });
  expect([code, state]).toEqual([1, "error"]);
  expect(inState(checks, "error")).toEqual(["agent east-1 answer answer"]);
  expect(inState(checks, "ok")).toContain("agent west-1 connection bus");
});

test("a repository that is gone is missed by all who need it, each with what to do", async () => {
  await installation.repository.kill();
  const { code, checks } = await examine();
  await installation.repository.start();
  expect(code).toBe(1);
  expect(inState(checks, "error")).toEqual([
    "controller controller connection repository main",
    "repository main answer answer",
    "agent east-1 connection repository main",
    "agent west-1 connection repository main",
  ]);
  for (const { state, advice } of checks) if (state === "error") expect(advice).toContain("start the repository");
});

test("without a controller this machine says what it finds by itself", async () => {
  await installation.controller.kill();
  const { code, checks } = await examine();
  await installation.controller.start();
  expect(code).toBe(1);
  expect(inState(checks, "ok")).toEqual(["cli  certificate authority of the installation"]);
  expect(inState(checks, "error")).toEqual(["cli  connection controller", "cli  answer controller"]);
});

test("a frozen controller does not keep the command", async () => {
  installation.controller.signal("SIGSTOP");
  const { code, checks } = await examine(2).finally(() => {
    installation.controller.signal("SIGCONT");
  });
  expect(code).toBe(1);
  expect(inState(checks, "error")).toEqual(["cli  certificate certificate of controller", "cli  answer controller"]);
});

test("an engine that is gone with its hosts is missed by the controller, and hosts by the agents of their cluster", async () => {
  await createOperator(installation).waitForAgents("east-1", "west-1");
  await lab.program.stop();
  const { code, checks } = await examine();
  expect(code).toBe(1);
  const errors = inState(checks, "error");
  expect(errors).toContain("controller controller connection engine of manager lab");
  expect(errors).toContain("agent east-1 connection imageio of host lab-east-1 of manager lab");
  expect(errors).toContain("agent west-1 connection imageio of host lab-west-1 of manager lab");
  const warnings = inState(checks, "warning");
  expect(warnings).toContain("agent east-1 connection imageio of host lab-west-1 of manager lab");
  expect(warnings).toContain("agent west-1 connection imageio proxy of manager lab");
  const advice = checks.find(({ role, state }) => role === "agent" && state === "error")?.advice;
  expect(advice).toMatch(/^let this machine reach 127\.0\.0\.1:\d+$/);
});
