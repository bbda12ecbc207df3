import { afterAll, beforeAll, expect, test } from "vitest";
import { patientWithAgents } from "../harness/installation.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { describeCase, faultCases, twoFaults } from "../matrix/fault-case.ts";
import { type MatrixVm, addMatrixVm, backUpWell } from "../matrix/matrix-vm.ts";
import { recordCalls } from "../matrix/recorded-calls.ts";
import { runMatrix } from "../matrix/run-matrix.ts";

const lanes = 6;

let stage: Stage;
let vms: readonly MatrixVm[];

beforeAll(async () => {
  stage = await openStage({
    agents: ["east-1"],
    slots: lanes,
    controllerEnv: {
      ...patientWithAgents,
      HOLDFAST_CONTROLLER_WORK_LIMITS_PER_HOST: String(lanes),
      HOLDFAST_CONTROLLER_WORK_LIMITS_PER_DOMAIN: String(lanes),
      HOLDFAST_CONTROLLER_JANITOR_EVERY_MS: "500",
      HOLDFAST_CONTROLLER_JANITOR_REQUEST_TIMEOUT_MS: "200",
    },
  });
  vms = await Promise.all(Array.from({ length: lanes }, (_, index) => addMatrixVm(stage, `lane-${index}`, {})));
  await Promise.all(vms.map((vm) => backUpWell(stage, vm)));
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

test("every call of an incremental session is refused, or done while its answer is lost: nothing is left, and the next session succeeds (R1, R5, R6)", async () => {
  const [first] = vms;
  if (first === undefined) throw new Error("no VM");
  const calls = await recordCalls(stage, first);
  const cases = faultCases(calls, twoFaults);
  process.stderr.write(`fault-matrix: ${cases.length} cases\n${cases.map(describeCase).join("\n")}\n`);
  expect(calls).toContainEqual({ call: "POST /vms/:vm/backups" });
  expect(calls).toContainEqual({ imageio: "read" });
  await runMatrix({ stage, vms, cases, onCase: (told) => process.stderr.write(`fault-matrix: ${told}\n`) });
});
