import { create } from "@bufbuild/protobuf";
import { WakeSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { ExaminationSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { toAgentSubject } from "@holdfast/shared/bus/subjects";
import { openTestBus, type TestBus } from "@holdfast/shared/bus/testing/test-bus";
import { busPublish } from "@holdfast/shared/bus/typed";
import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Examiner } from "./examiner.ts";
import { serveExaminations } from "./serve-examinations.ts";

const stack = new AsyncDisposableStack();
const within = { timeout: 20_000 };
let testBus: TestBus;
let bus: Bus;

beforeAll(async () => {
  testBus = stack.use(await openTestBus(memoryLogger()));
  bus = stack.use(await testBus.connect());
});
afterAll(() => stack.disposeAsync());

const wake = (parts: { readonly examineId?: string; readonly attemptId?: string }): void => {
  busPublish(bus, toAgentSubject("a1"), WakeSchema, parts);
};

/** An examiner that holds every examination until it is released, and knows nothing of those called `gone`. */
const holdingExaminer = () => {
  const begun: string[] = [];
  const told: string[] = [];
  const released = Promise.withResolvers<void>();
  const examiner: Examiner = {
    begin: async (examineId) => {
      begun.push(examineId);
      if (examineId === "gone") throw new HoldfastError("NOT_FOUND", "no examination");
      await released.promise;
      return create(ExaminationSchema, { clockMs: BigInt(Date.now()), timeoutMs: 5_000 });
    },
    tell: async (examineId, { isLast }) => {
      if (isLast) told.push(examineId);
    },
  };
  return { examiner, begun, told, release: released.resolve };
};

const serve = async (examiner: Examiner, signal: AbortSignal) => {
  const { installation } = testBus;
  const log = memoryLogger();
  const serving = serveExaminations(
    {
      bus,
      agentId: "a1",
      examiner,
      holder: { current: await installation.identity("agent", "a1") },
      trust: { current: openTrustBundle(installation.trust(), installation.authority.certificatePem) },
      folders: [],
      busServers: [],
      controllers: [],
      clock: systemClock,
      log,
    },
    signal,
  );
  return { serving, log };
};

test("wake-ups are repeated and examine once; those for other things are let be; one that is over is only noted", async () => {
  const { examiner, begun, told, release } = holdingExaminer();
  const stop = new AbortController();
  const { serving, log } = await serve(examiner, stop.signal);
  // Repeated as a controller does it, until the first was heard.
  await expect
    .poll(() => {
      wake({ examineId: "one" });
      return begun;
    }, within)
    .toEqual(["one"]);
  wake({ examineId: "one" });
  wake({ attemptId: "an attempt" });
  wake({ examineId: "gone" });
  await expect.poll(() => log.lines.map(({ message }) => message), within).toEqual(["an examination failed"]);
  expect(begun).toEqual(["one", "gone"]);
  release();
  await expect.poll(() => told, within).toEqual(["one"]);
  stop.abort();
  await serving;
});
