import { expectNothingLeft } from "../harness/nothing-left.ts";
import { present } from "../harness/operator.ts";
import { neededCheckpoints } from "../harness/references.ts";
import type { Dice } from "../harness/seed.ts";
import { backUp, killAndStart } from "./backup-acts.ts";
import { chooseStep } from "./choose-step.ts";
import { expectedEnd } from "./expected-end.ts";
import type { Ground } from "./ground.ts";
import { KeptPoints, expectWhole } from "./kept-points.ts";
import { actOnMachine, isMachineAct } from "./machine-acts.ts";
import { deletePoint, restoreDisk, restoreVm } from "./point-acts.ts";
import type { WalkLimits } from "./possible-acts.ts";
import { type Step, describeStep } from "./step.ts";
import { takeStep } from "./take-step.ts";
import { expectUsersThings } from "./users-things.ts";
import type { WalkState } from "./walk-state.ts";

/** How far to walk, and from where. */
export interface Walk {
  readonly ground: Ground;
  readonly start: WalkState;
  readonly limits: WalkLimits;
  readonly dice: Dice;
  readonly steps: number;
  /** Nothing of ours is left is looked at after each so many steps, and at the end. */
  readonly lookEvery: number;
  /** Hears of every step before it is taken. */
  readonly onStep?: (number: number, step: Step) => void;
}

/**
 * Walks, and looks after every step whether the repository lists the points of the walk alone and whether the newest point and one
 * older hold what the lab saw; at the end at every point. Fails with the seed and all steps so far.
 */
export const runWalk = async (walk: Walk): Promise<WalkState> => {
  const taken: Step[] = [];
  const kept = new KeptPoints();
  let state = walk.start;
  try {
    for (let number = 1; number <= walk.steps; number += 1) {
      const step = chooseStep(state, walk.limits, walk.dice.below);
      taken.push(step);
      walk.onStep?.(number, step);
      const made = await carryOut(walk.ground, state, step, kept);
      state = takeStep(state, step, { made });
      await look(walk, state, step, kept);
      if (number % walk.lookEvery === 0) await expectClean(walk.ground, kept, previewed(walk.ground, state));
    }
    await endPreviews(walk.ground, state);
    await lookAtAll(walk, kept);
  } catch (caught) {
    const list = taken.map((step, index) => `${index + 1}. ${describeStep(step)}`);
    throw new Error(
      `step ${taken.length} of the walk with HOLDFAST_SEED=${walk.dice.seed} went wrong: ${String(caught)}\n${list.join("\n")}`,
      { cause: caught },
    );
  }
  return state;
};

/** Does what the step says; answers whether it made a point. */
const carryOut = async (
  ground: Ground,
  state: WalkState,
  { vm: index, act }: Step,
  kept: KeptPoints,
): Promise<boolean> => {
  const vm = present(ground.vms[index]);
  if (isMachineAct(act)) {
    await actOnMachine(ground, vm, act, state.nextNumber);
    return false;
  }
  switch (act.kind) {
    case "backup":
    case "backup-disturbed": {
      const model = present(state.vms[index]);
      const diskIds = model.disks.map(({ number }) => present(vm.disks.get(number)));
      const expected = expectedEnd(model, act);
      const disturbance = act.kind === "backup" ? {} : { disturbance: act };
      return await backUp(ground, { vm, kept, diskIds, expected, ...disturbance });
    }
    case "kill":
      await killAndStart(ground, vm, act.target);
      return false;
    case "delete-point":
      await deletePoint(ground, kept, present(kept.of(vm.id)[act.point]).pointId);
      return false;
    case "restore-disk":
      await restoreDisk(ground, vm, present(kept.of(vm.id)[act.point]), act.seed);
      return false;
    case "restore-vm":
      await restoreVm(ground, present(kept.of(vm.id)[act.point]));
      return false;
  }
};

const look = async ({ ground, dice }: Walk, state: WalkState, step: Step, kept: KeptPoints): Promise<void> => {
  const vm = present(ground.vms[step.vm]);
  const listed = await kept.list(ground.reader);
  const [newest, ...older] = kept.of(vm.id);
  const chosen = older[dice.below(Math.max(1, older.length))];
  for (const point of [newest, chosen])
    if (point !== undefined) await expectWhole(ground.reader, point, present(listed.get(point.pointId)));
  await expectUsersThings(ground, vm, present(state.vms[step.vm]));
};

/** VMs in a preview: the engine refuses to delete their checkpoints until that is over. */
const previewed = ({ vms }: Ground, state: WalkState): readonly string[] =>
  vms.filter((_, index) => state.vms[index]?.preview !== undefined).map(({ id }) => id);

const endPreviews = async (ground: Ground, state: WalkState): Promise<void> => {
  const { control } = ground.lab;
  for (const id of previewed(ground, state)) {
    if ((await control.getVm(id)).status === "up") await control.stopVm(id);
    await control.user.undoPreview(id);
  }
};

const expectClean = async (
  { lab, reader }: Ground,
  kept: KeptPoints,
  locked: readonly string[] = [],
): Promise<void> => {
  const listed = await kept.list(reader);
  const { checkpoints } = await lab.control.leftovers();
  const undeletable = checkpoints.filter(({ vmId }) => locked.includes(vmId)).map(({ id }) => id);
  await expectNothingLeft(lab, { checkpoints: [...neededCheckpoints([...listed.values()]), ...undeletable] });
};

const lookAtAll = async ({ ground }: Walk, kept: KeptPoints): Promise<void> => {
  const listed = await kept.list(ground.reader);
  for (const vm of ground.vms)
    for (const point of kept.of(vm.id)) await expectWhole(ground.reader, point, present(listed.get(point.pointId)));
  await expectClean(ground, kept);
};
