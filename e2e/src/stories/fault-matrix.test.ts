import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { patientWithAgents } from "../harness/installation.ts";
import { present } from "../harness/operator.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { allFaults, faultCases, twoFaults } from "../matrix/fault-case.ts";
import { type MatrixVm, addMatrixVm, backUpWell } from "../matrix/matrix-vm.ts";
import { recordCalls } from "../matrix/recorded-calls.ts";
import { runMatrix } from "../matrix/run-matrix.ts";

const isSoak = process.env["HOLDFAST_SOAK"] === "1";
const lanes = 9;
const withinMs = isSoak ? 14_400_000 : 600_000;

/** Where a VM is, whether it runs, and what its job wants decides how it is captured. */
const captures = {
  hybrid: { cluster: "east", status: "up" },
  live: { cluster: "west", status: "up" },
  cold: { cluster: "west", status: "down" },
  snapshot: { cluster: "east", status: "up", capture: "snapshot" },
} as const;
type Capture = keyof typeof captures;

let stage: Stage;

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
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** VMs of one kind of capture, each with a first point. */
const addVms = async (capture: Capture, prefix: string): Promise<readonly MatrixVm[]> => {
  const names = Array.from({ length: lanes }, (_, index) => `${prefix}-${capture}-${index}`);
  const vms = await Promise.all(names.map((name) => addMatrixVm(stage, name, captures[capture])));
  await Promise.all(vms.map((vm) => backUpWell(stage, vm)));
  return vms;
};

const tell = (told: string): void => {
  process.stderr.write(`fault-matrix: ${told}\n`);
};

/** Without any point, the next session of a VM reads everything. */
const removePoints = async ({ staged }: MatrixVm): Promise<void> => {
  const calls = stage.installation.api.service(PointService);
  for (const { pointId } of await stage.operator.points(staged.id))
    await calls.removePoint({ pointId, belowFloor: true });
};

const faults = isSoak ? allFaults : twoFaults;
const sessions = isSoak
  ? (Object.keys(captures) as Capture[]).flatMap((capture) =>
      (["incremental", "full"] as const).map((mode) => ({ capture, mode })),
    )
  : [{ capture: "hybrid", mode: "incremental" } as const];

test.each(sessions)(
  "every call of a session ($capture, $mode) is refused, or done while its answer is lost: nothing is left, and the next session succeeds (R1, R5, R6)",
  { timeout: withinMs },
  async ({ capture, mode }) => {
    const vms = await addVms(capture, mode);
    const prepare = mode === "full" ? removePoints : () => Promise.resolve();
    const calls = await recordCalls(stage, present(vms[0]), prepare);
    const start = capture === "snapshot" ? "POST /vms/:vm/snapshots" : "POST /vms/:vm/backups";
    expect(calls).toContainEqual({ call: start });
    expect(calls).toContainEqual({ imageio: "read" });
    const cases = faultCases(calls, faults);
    tell(`${capture}, ${mode}: ${cases.length} cases`);
    await runMatrix({ stage, vms, cases, prepare, onCase: tell });
  },
);
