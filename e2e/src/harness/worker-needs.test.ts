import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { SessionSchema, type TaskSchema } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { expect, test } from "vitest";
import { needsOf } from "./worker-needs.ts";

const backup = (task: MessageInitShape<typeof TaskSchema>, endedMs = 90n) =>
  create(SessionSchema, { kind: "backup", startedMs: 10n, endedMs, tasks: [{ endedMs, ...task }] });
const tried = (agentName: string, startedMs: bigint, endedMs: bigint) => ({ agentName, startedMs, endedMs });
const passed = (message: string) => ({ code: "WORKER_PASSED", message });

test("a worker is needed for the whole of its own test, and for no other's", () => {
  const session = create(SessionSchema, { kind: "worker-test", jobName: "worker w-1", startedMs: 5n, endedMs: 8n });
  expect(needsOf(session, "w-1", 100)).toStrictEqual([{ fromMs: 5, toMs: 8 }]);
  expect(needsOf(session, "w-10", 100)).toStrictEqual([]);
});

test("it is needed from the wait for its attempt to that attempt's end, not to the session's", () => {
  const session = backup({ attempts: [tried("w-1", 20n, 30n), tried("w-2", 40n, 50n), tried("w-1", 60n, 70n)] });
  expect(needsOf(session, "w-1", 100)).toStrictEqual([
    { fromMs: 10, toMs: 30 },
    { fromMs: 50, toMs: 70 },
  ]);
  expect(needsOf(session, "w-2", 100)).toStrictEqual([{ fromMs: 30, toMs: 50 }]);
  expect(needsOf(session, "w-3", 100)).toStrictEqual([]);
});

test("it is needed until now by what has not ended", () => {
  expect(needsOf(backup({ attempts: [tried("w-1", 20n, 0n)] }, 0n), "w-1", 100)).toStrictEqual([
    { fromMs: 10, toMs: 100 },
  ]);
});

test("one that failed was needed until another one took over, or nobody did", () => {
  const remarks = [passed("worker w-1 was passed: the VM did not start in time, it is down")];
  expect(needsOf(backup({ remarks, attempts: [tried("w-2", 40n, 50n)] }), "w-1", 100)).toStrictEqual([
    { fromMs: 10, toMs: 40 },
  ]);
  expect(needsOf(backup({ remarks }), "w-1", 100)).toStrictEqual([{ fromMs: 10, toMs: 90 }]);
});

test("to be named needs nothing: disabled, or in the words of why another one did it", () => {
  const session = backup({
    remarks: [passed("worker w-1 was passed: it is disabled"), passed("worker w-10 was passed: it failed")],
    placement: "w-2: worker of another manager: the VM's cluster has no healthy agent (worker w-1: it is disabled)",
    attempts: [tried("w-2", 40n, 50n)],
  });
  expect(needsOf(session, "w-1", 100)).toStrictEqual([]);
});
