import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { engineUser } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession } from "../harness/operator.ts";
import { openPointReader } from "../harness/point-reader.ts";
import { expectPointIntact, expectPointsIntact, neededCheckpoints } from "../harness/references.ts";
import { isDone } from "../harness/session-end.ts";
import type { Stage, StagedVm } from "../harness/stage.ts";
import { until } from "../harness/until.ts";
import { type FaultCase, describeCase, hitsAll, roundsOf, toRule } from "./fault-case.ts";
import { type MatrixVm, backUpAmidFault, backUpWell, useAsUser, writeSomething } from "./matrix-vm.ts";

/** Cases to go through, and the VMs to do it with: as many cases at once as there are VMs. */
export interface Matrix {
  readonly stage: Stage;
  readonly vms: readonly MatrixVm[];
  readonly cases: readonly FaultCase[];
  /** What has to be done to a VM before each case, such as removing its points. */
  readonly prepare: (vm: MatrixVm) => Promise<void>;
  readonly onCase?: (told: string) => void;
}

interface Lane {
  readonly vm: MatrixVm;
  readonly one: FaultCase;
}

/**
 * Goes through all cases: a session with the fault ends by a point or a code; then nothing of ours is left, every VM can be used, the
 * next session succeeds, and every point holds what the lab saw. Fails with the cases that were at work.
 */
export const runMatrix = async (matrix: Matrix): Promise<void> => {
  const { vms, cases } = matrix;
  for (const [number, round] of roundsOf(cases, vms.length).entries()) {
    const lanes = round.flatMap((one, index) => {
      const vm = vms[index];
      return vm === undefined ? [] : [{ vm, one }];
    });
    try {
      await runRound(matrix, lanes, number * vms.length);
    } catch (caught) {
      throw new Error(`amid ${round.map(describeCase).join("; ")}: ${String(caught)}`, { cause: caught });
    }
  }
  await expectClean(matrix.stage);
  for (const { staged } of vms) await expectPointsIntact(matrix.stage.installation.door, staged.references);
};

const runRound = async ({ stage, prepare, onCase }: Matrix, lanes: readonly Lane[], first: number): Promise<void> => {
  const { control } = stage.lab;
  const vms = lanes.map(({ vm }) => vm);
  await Promise.all(vms.map(prepare));
  await Promise.all(vms.map((vm, index) => writeSomething(stage, vm, first + index)));
  if (lanes.some(({ one }) => hitsAll(one))) await control.expireTokens();
  const rules = new Map<number, FaultCase>();
  for (const { vm, one } of lanes) rules.set(await control.rules.add(toRule(one, vm)), one);

  const sessions = await Promise.all(vms.map((vm) => backUpAmidFault(stage, vm)));
  await untilHit(stage, rules);
  await control.rules.clear();
  if (lanes.some(({ one }) => hitsAll(one))) await giveThePasswordAgain(stage);
  for (const [index, session] of sessions.entries()) {
    const lane = lanes[index];
    if (lane !== undefined)
      onCase?.(`${describeCase(lane.one)}: ${isDone(session) ? "a point" : describeSession(session)}`);
  }

  await expectClean(stage);
  await Promise.all(vms.map((vm) => useAsUser(stage, vm)));
  await Promise.all(vms.map((vm) => backUpWell(stage, vm)));
  for (const { staged } of vms) await expectNewPoints(stage, staged);
};

/** A log-in that was refused is not tried again before an operator says the password (R14). */
const giveThePasswordAgain = async ({ installation, lab }: Stage): Promise<void> => {
  const { password } = engineUser;
  await installation.api.service(ManagerService).editManager({ manager: lab.addresses.name, password });
};

/** The points of this round are what the lab saw; all are known by their copies, and looked at again when all is over. */
const expectNewPoints = async ({ installation }: Stage, { references }: StagedVm): Promise<void> => {
  await using reader = await openPointReader(installation.door);
  const points = (await reader.list()).filter(({ vm }) => vm?.vmId === references.vmId);
  for (const point of points) for (const { diskId } of point.disks) await references.of(point, diskId);
  for (const point of points.slice(-2)) await expectPointIntact(reader, references, point);
  await references.prune();
};

/** Each fault was met: by a session, or soon after it by the janitor, for calls that are both's. */
const untilHit = async ({ lab }: Stage, rules: ReadonlyMap<number, FaultCase>): Promise<void> => {
  let missed: readonly string[] = [];
  await until("every fault to be met", async () => {
    const listed = await lab.control.rules.list();
    missed = listed.filter(({ hits }) => hits === 0).flatMap(({ id }) => nameOf(rules.get(id)));
    return missed.length === 0;
  }).catch((caught: unknown) => {
    throw new Error(`faults that nobody met: ${missed.join("; ")}`, { cause: caught });
  });
};

const nameOf = (one: FaultCase | undefined): readonly string[] => (one === undefined ? [] : [describeCase(one)]);

const expectClean = async ({ lab, installation }: Stage): Promise<void> => {
  await using reader = await openPointReader(installation.door);
  await expectNothingLeft(lab, { checkpoints: neededCheckpoints(await reader.list()) });
};
