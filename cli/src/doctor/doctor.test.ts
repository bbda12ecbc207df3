import { writeFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { writeUserToken } from "@holdfast/shared/identity/user-token";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createProgram } from "../program.ts";
import { scriptedContext } from "../testing/scripted-context.ts";
import { exitOf, toReport } from "./report.ts";
import { reportText } from "./report-text.ts";

const check = (role: string, name: string, state: string, advice = "") => ({
  role,
  name,
  state,
  advice,
  kind: "space",
  subject: `disk of ${name}`,
  message: "looked at",
});

test("a report stands by process, and is as bad as its worst check", () => {
  const report = toReport([
    check("cli", "", "ok"),
    check("agent", "b", "warning"),
    check("agent", "a", "skipped"),
    check("controller", "controller", "ok"),
    check("repository", "main", "ok"),
  ]);
  expect(report.checks.map(({ role, name }) => `${role} ${name}`)).toEqual([
    "controller controller",
    "repository main",
    "agent a",
    "agent b",
    "cli ",
  ]);
  expect(report.state).toBe("warning");
  expect(toReport([check("cli", "", "skipped")]).state).toBe("ok");
  expect(toReport([check("cli", "", "error"), check("cli", "", "warning")]).state).toBe("error");
});

test("the exit code is 0, 2 for warnings alone, and 1 for an error", () => {
  expect(["ok", "warning", "error"].map((state) => exitOf({ state }))).toEqual([0, 2, 1]);
});

test("people see a line for each process and what is not well with what to do; with --all everything", () => {
  const report = toReport([
    check("controller", "controller", "ok"),
    check("agent", "a", "ok"),
    check("agent", "a", "error", "make room"),
    check("agent", "a", "error", "make more room"),
    check("cli", "", "skipped"),
  ]);
  const text = reportText(report, { all: false });
  expect(text.split("\n\n").map((part) => part.split("\n")[0])).toEqual([
    "controller: 1 ok",
    "agent a: 1 ok, 2 errors",
    "this machine: 1 skipped",
  ]);
  expect(text.split("\n\n")[1]).toMatch(/ERROR +space +disk of a +looked at\n +try: make room\n/);
  expect(text).not.toContain("OK ");
  expect(reportText(report, { all: true })).toMatch(/controller: 1 ok\n.*\n +OK +space +disk of controller/);
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-doc-"));
});
afterAll(() => rm(folder, { recursive: true }));

const run = async (env: Readonly<Record<string, string>>) => {
  const context = scriptedContext({ env });
  let exit = 0;
  const program = createProgram({ ...context, setExitCode: (code) => (exit = code) });
  await program.parseAsync(["node", "holdfast", "doctor", "-o", "json"]);
  return {
    exit,
    report: JSON.parse(context.printed.join("")) as { readonly state: string; readonly checks: object[] },
  };
};

test("without knowing any controller it says how to name one", async () => {
  const { exit, report } = await run({ HOME: folder });
  expect(exit).toBe(1);
  expect(report).toMatchObject({
    state: "error",
    checks: [{ role: "cli", kind: "answer", state: "error", message: expect.stringContaining("--controller") }],
  });
});

test("where nobody listens it says so, and what it knows by itself", async () => {
  const { authority, installationId } = await testInstallation();
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, authority.certificatePem);
  const token = writeUserToken({ installationId, tokenId: "t1", secret: "s".repeat(43) });
  const { exit, report } = await run({
    HOLDFAST_CONTROLLER: "127.0.0.1:1",
    HOLDFAST_TOKEN: token,
    HOLDFAST_CA_FILE: caFile,
  });
  expect(exit).toBe(1);
  expect(report.checks).toMatchObject([
    { kind: "certificate", subject: "authority of the installation", unit: "days" },
    { kind: "connection", state: "error", message: expect.stringContaining("ECONNREFUSED") },
    { kind: "answer", state: "error", advice: expect.stringContaining("--controller") },
  ]);
});
