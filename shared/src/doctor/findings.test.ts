import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { CheckSchema, TargetSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { assert, integer, nat, property } from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAuthority } from "../identity/certificates.ts";
import type { Identity } from "../identity/identity.ts";
import { testInstallation } from "../identity/testing/test-installation.ts";
import { certificateFinding, overdueDays } from "./certificate-finding.ts";
import { stateOf, takeCheck, toCheck } from "./check.ts";
import { clockFinding, clockOffsetMs } from "./clock-finding.ts";
import { toFinding } from "./finding.ts";
import { identityFindings } from "./identity-findings.ts";
import { spaceFinding } from "./space-finding.ts";
import { addressOf, fromTargetMessage, toTargetMessage } from "./target.ts";
import { trustFinding } from "./trust-finding.ts";
import { versionFinding } from "./version-finding.ts";

const dayMs = 86_400_000;
const never = new AbortController().signal;
let folder: string;
let identity: Identity;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-doc-"));
  identity = await (await testInstallation()).identity("agent", "a1", 40 * dayMs);
});
afterAll(() => rm(folder, { recursive: true }));

test("a clock's offset is found whatever the round trip is, when both ways take as long", () => {
  assert(
    property(nat(), integer({ min: -600_000, max: 600_000 }), nat(5_000), (askedMs, offset, wayMs) => {
      const toldMs = askedMs + wayMs + offset;
      expect(clockOffsetMs({ askedMs, roundTripMs: 2 * wayMs, toldMs })).toBe(offset);
    }),
  );
});

test("two seconds apart are all right, more is a warning, more than five minutes an error", () => {
  const states = [0, 2_000, -2_000, 2_001, -2_001, 300_000, -300_001].map((ms) => clockFinding(ms, 10).state);
  expect(states).toEqual(["ok", "ok", "ok", "warning", "warning", "warning", "error"]);
  expect(clockFinding(-4_000, 10)).toMatchObject({
    message: "4000 ms behind the controller's, give or take 5 ms",
    measured: { value: -4_000, unit: "ms" },
  });
});

test("a folder has room down to its low-water mark", async () => {
  const plenty = await spaceFinding({ subject: "data folder", path: folder, lowWaterBytes: 1 }, never);
  expect(plenty).toMatchObject({ state: "ok", advice: "", measured: { unit: "bytes" } });
  const low = { subject: "data folder", path: folder, lowWaterBytes: 2 ** 60 };
  expect(await spaceFinding(low, never)).toMatchObject({
    state: "warning",
    advice: expect.stringContaining("make room"),
  });
  expect(await spaceFinding({ ...low, whenLow: "error" }, never)).toMatchObject({ state: "error" });
});

test("a folder that is missing or not ours is an error", async () => {
  const missing = { subject: "data folder", path: join(folder, "none"), lowWaterBytes: 1 };
  expect(await spaceFinding(missing, never)).toMatchObject({
    state: "error",
    message: expect.stringContaining("ENOENT"),
  });
  if (process.getuid?.() === 0) return;
  await chmod(folder, 0o500);
  expect(await spaceFinding({ ...missing, path: folder }, never)).toMatchObject({ state: "error" });
  await chmod(folder, 0o700);
});

test("a folder whose file system does not answer in time is an error", async () => {
  const folders = { subject: "data folder", path: folder, lowWaterBytes: 1 };
  const found = await spaceFinding(folders, AbortSignal.abort(new Error("late")));
  expect(found).toMatchObject({ state: "error", message: expect.stringContaining("did not answer in time") });
});

test("a certificate is well, ends soon, has ended, or is of tomorrow", () => {
  const at = (days: number) =>
    certificateFinding(
      { subject: "x", certificate: identity.certificatePem, warnBelowDays: 30, advice: "renew" },
      Date.now() + days * dayMs,
    );
  expect([at(0), at(20), at(41), at(-2)].map(({ state }) => state)).toEqual(["ok", "warning", "error", "error"]);
  expect(at(0)).toMatchObject({ advice: "", measured: { value: 39, unit: "days" } });
  expect(at(41)).toMatchObject({ advice: "renew", message: expect.stringContaining("expired on") });
  const none = { subject: "x", certificate: "none", warnBelowDays: 1, advice: "" };
  expect(certificateFinding(none, 0)).toMatchObject({ state: "error", message: "it is no certificate" });
});

test("a certificate of ours that has not renewed itself in three quarters of its life deserves a warning", () => {
  expect(overdueDays(identity.certificatePem)).toBeCloseTo(10, 1);
  const states = (days: number) => identityFindings(identity, Date.now() + days * dayMs).map(({ state }) => state);
  // The test's authority lives for a day.
  expect(states(0)).toEqual(["ok", "warning"]);
  expect(states(31)).toEqual(["warning", "error"]);
});

test("a certificate that another authority signed is an error", async () => {
  const other = await makeAuthority("other", { nowMs: Date.now(), lifeMs: 400 * dayMs });
  const [own, authority] = identityFindings({ ...identity, caPem: other.certificatePem }, Date.now());
  expect(own).toMatchObject({ state: "error", message: expect.stringContaining("not signed by the authority") });
  expect(authority).toMatchObject({ state: "ok" });
});

test("versions a minor one apart are well, others are not", () => {
  expect(versionFinding("0.1.0", "0.1.0").state).toBe("ok");
  expect(versionFinding("0.2.0", "0.1.0").state).toBe("ok");
  expect(versionFinding("0.3.0", "0.1.0")).toMatchObject({ state: "error", advice: expect.stringContaining("minor") });
  expect(versionFinding("", "0.1.0")).toMatchObject({ state: "error", message: expect.stringContaining("unknown") });
});

test("revocations not yet heard of are a warning; a controller that knows fewer is an error", () => {
  expect([trustFinding(3, 3), trustFinding(2, 3), trustFinding(4, 3)].map(({ state }) => state)).toEqual([
    "ok",
    "warning",
    "error",
  ]);
});

test("what a process says of itself comes with the name that its examiner knows, and no longer than one reads", () => {
  const finding = toFinding({ kind: "space", subject: "s", state: "warning", message: "m", advice: "a" });
  const told = create(CheckSchema, { ...toCheck({ role: "controller", name: "liar" }, finding), measured: 3 });
  const taken = takeCheck({ role: "agent", name: "east-1" }, { ...told, message: "m".repeat(5_000) });
  expect(taken).toMatchObject({ role: "agent", name: "east-1", state: "warning", advice: "a", measured: 3 });
  expect(taken.message).toHaveLength(1_000);
  expect(stateOf({ state: "splendid" })).toBe("warning");
});

test("a target comes out of its message as it went in, and one that names nobody is refused", () => {
  const base = { subject: "s", address: addressOf("::1", 5), advice: "a" };
  for (const target of [
    { ...base, whenAbsent: "skipped", server: { kind: "engine", anchorPem: "pem" } },
    { ...base, whenAbsent: "error", server: { kind: "peer", role: "repository", id: "r-1" } },
    { ...base, whenAbsent: "warning", server: { kind: "peer", role: "bus", id: undefined } },
  ] as const)
    expect(fromTargetMessage(create(TargetSchema, toTargetMessage(target)))).toEqual(target);
  expect(() => fromTargetMessage(create(TargetSchema, { subject: "x" }))).toThrow("nobody is expected at x");
});
