import { create } from "@bufbuild/protobuf";
import {
  ExaminationSchema,
  type Check as CheckMessage,
  CheckSchema,
} from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import type { Clock } from "@holdfast/shared/clock/clock";
import { toTargetMessage } from "@holdfast/shared/doctor/target";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { Examiner, FoundPart } from "./examiner.ts";
import { examineSelf } from "./examine-self.ts";

const absent = (index: number) =>
  toTargetMessage({
    subject: `host h${index}`,
    address: "127.0.0.1:1",
    server: { kind: "engine", anchorPem: "none" },
    whenAbsent: "warning",
    advice: "open the port",
  });

/** A controller whose clock is ahead of ours and which loses the first answer to each part. */
const scriptedExaminer = (aheadMs: number, targets: number) => {
  const told: FoundPart[] = [];
  const heard = new Set<number>();
  const examiner: Examiner = {
    begin: async () =>
      create(ExaminationSchema, {
        clockMs: BigInt(Date.now() + aheadMs),
        timeoutMs: 10_000,
        targets: Array.from({ length: targets }, (_none, index) => absent(index)),
      }),
    tell: async (_id, found) => {
      if (!heard.has(found.part)) {
        heard.add(found.part);
        throw new HoldfastError("TIMEOUT", "lost");
      }
      told.push(found);
    },
  };
  return { examiner, told };
};

const run = async (aheadMs: number, targets: number) => {
  const installation = await testInstallation();
  const { examiner, told } = scriptedExaminer(aheadMs, targets);
  const waitless: Clock = { ...systemClock, sleep: () => Promise.resolve() };
  await examineSelf(
    {
      examiner,
      holder: { current: await installation.identity("agent", "a1") },
      trust: { current: openTrustBundle(installation.trust(7), installation.authority.certificatePem) },
      folders: [{ subject: "data folder", path: tmpdir(), lowWaterBytes: 1 }],
      busServers: ["tls://127.0.0.1:1"],
      controllers: ["127.0.0.1:1", "[::1]:1"],
      clock: waitless,
    },
    "e1",
    new AbortController().signal,
  );
  const checks = told.flatMap((part) => part.checks.map((check): CheckMessage => create(CheckSchema, check)));
  return { told, checks };
};

test("an agent tells what it found, also of itself, and what it tells survives lost answers", async () => {
  const { told, checks } = await run(0, 1);
  expect(told).toMatchObject([{ part: 0, isLast: true, trustNumber: 7 }]);
  expect(checks.map(({ kind, subject, state }) => `${kind} ${subject} ${state}`)).toEqual([
    "clock clock against the controller's ok",
    "certificate own certificate ok",
    "certificate authority of the installation warning",
    `space data folder ${tmpdir()} ok`,
    "connection controller warning",
    "connection controller warning",
    "connection bus error",
    "connection host h0 warning",
  ]);
});

test("an agent whose clock is behind the controller's says how far", async () => {
  const { checks } = await run(600_000, 0);
  expect(checks[0]).toMatchObject({ kind: "clock", state: "error", message: expect.stringContaining("behind") });
  expect(checks[0]?.measured).toBeLessThan(-590_000);
});

test("many checks come in several messages, the last of which says so", async () => {
  const { told, checks } = await run(0, 120);
  expect(told.map(({ part, isLast, checks: some }) => [part, isLast, some.length])).toEqual([
    [0, false, 50],
    [1, false, 50],
    [2, true, 27],
  ]);
  expect(checks).toHaveLength(127);
});
