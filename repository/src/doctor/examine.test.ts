import { toTargetMessage } from "@holdfast/shared/doctor/target";
import { productVersion } from "@holdfast/shared/version/product-version";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { examineKeyLog } from "./key-log-finding.ts";
import { deletionFinding } from "./deletion-finding.ts";
import { openTestServer, type TestServer } from "../testing/test-server.ts";

test("deletion that stands still is found, with why", () => {
  const finding = deletionFinding({ allowed: false, why: "the clock was 72 h ahead" });
  expect(finding).toMatchObject({ state: "warning", message: "the clock was 72 h ahead" });
  expect(finding.advice).toContain("clock confirm");
});

test("a log of keys that cannot be read, or not in time, is a finding, and no failure", async () => {
  const never = new AbortController().signal;
  const hasSpareKeyList = () => Promise.resolve(true);
  const gone = new HoldfastError("STORE_UNREACHABLE", "the bucket is away");
  const fails = { readKeyLog: () => Promise.reject(gone), hasSpareKeyList };
  expect(await examineKeyLog(fails, never, never)).toMatchObject({ kind: "key", state: "error" });
  const hangs = { readKeyLog: () => new Promise<undefined>(() => undefined), hasSpareKeyList };
  const over = AbortSignal.abort(new HoldfastError("TIMEOUT", "the time is over"));
  expect(await examineKeyLog(hangs, over, never)).toMatchObject({ message: "it cannot be read: the time is over" });
  await expect(examineKeyLog(hangs, over, over)).rejects.toMatchObject({ code: "TIMEOUT" });
});

let repository: TestServer;
beforeAll(async () => {
  repository = await openTestServer({ lowWaterBytes: Number.MAX_SAFE_INTEGER });
});
afterAll(() => repository[Symbol.asyncDispose]());

test("a repository tells its clock and version first, then what it finds around itself", async () => {
  const target = toTargetMessage({
    subject: "somebody",
    address: "127.0.0.1:1",
    server: { kind: "peer", role: "agent" },
    whenAbsent: "skipped",
    advice: "",
  });
  const beforeMs = Date.now();
  const answers = await Array.fromAsync(
    repository.client.examine({ examination: { targets: [target], timeoutMs: 5_000 } }),
  );
  const [first, ...rest] = answers;
  expect(first).toMatchObject({ version: productVersion, trustNumber: 1, checks: [] });
  expect(Number(first?.clockMs)).toBeGreaterThanOrEqual(beforeMs);

  const checks = rest.flatMap((answer) => answer.checks);
  const subjects = (kind: string, state: string) =>
    checks.filter((check) => check.kind === kind && check.state === state).map(({ subject }) => subject);
  expect(subjects("certificate", "ok")).toContain("own certificate");
  // Below its low-water mark it refuses uploads, which is more than a warning.
  expect(subjects("space", "error")).toEqual([`repository ${repository.directory}`, `index ${repository.folder}`]);
  expect(subjects("space", "ok")).toEqual([`identity folder ${repository.folder}/identity`]);
  expect(subjects("clock", "ok")).toEqual(["deletion"]);
  // Who certified it for this test is gone again.
  expect(subjects("connection", "error")).toEqual(["controller"]);
  expect(subjects("connection", "skipped")).toEqual(["somebody"]);
});
