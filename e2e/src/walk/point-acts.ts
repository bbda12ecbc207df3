import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type Fingerprint, differenceOf, fingerprintOf } from "../harness/fingerprint.ts";
import { describeSession, present } from "../harness/operator.ts";
import { until } from "../harness/until.ts";
import type { Ground, GroundVm } from "./ground.ts";
import type { KeptPoint, KeptPoints } from "./kept-points.ts";

const call = { timeoutMs: 60_000 };

/** An operator removes a point. */
export const deletePoint = async (
  { story }: Pick<Ground, "story">,
  kept: KeptPoints,
  pointId: string,
): Promise<void> => {
  await story.installation.api.service(PointService).removePoint({ pointId, belowFloor: true }, call);
  kept.forget(pointId);
};

/** Restores one disk of a point to a new one through the engine, compares it, and has the user remove it again. */
export const restoreDisk = async (
  { story, lab }: Pick<Ground, "story" | "lab">,
  vm: GroundVm,
  point: KeptPoint,
  seed: number,
): Promise<void> => {
  const all = [...point.disks];
  const [diskId, reference] = present(all[seed % all.length]);
  const session = await story.operator.restoreDisk(point.pointId, diskId);
  const restored = present(succeeded(session).tasks[0]?.disks[0]).restoredDiskId;
  await expectDisk({ story, lab }, restored, reference);
  await lab.control.removeDisk(vm.id, restored);
};

/** Restores a point to a new VM through the engine, compares every disk, and has the user remove the VM again. */
export const restoreVm = async ({ story, lab }: Pick<Ground, "story" | "lab">, point: KeptPoint): Promise<void> => {
  const name = `restored-${point.pointId}`;
  const session = succeeded(await story.operator.restoreVm(point.pointId, name));
  for (const { diskId, restoredDiskId } of present(session.tasks[0]).disks)
    await expectDisk({ story, lab }, restoredDiskId, present(point.disks.get(diskId)));
  const isMade = (vm: { readonly name: string }): boolean => vm.name === name;
  const { id } = present((await lab.control.listVms()).find(isMade));
  await lab.control.removeVm(id);
  await until("the restored VM to be gone", async () => !(await lab.control.listVms()).some(isMade));
};

const succeeded = (session: Session): Session => {
  if (session.result === Result.SUCCESS) return session;
  throw new Error(`a restore failed: ${describeSession(session)}`);
};

const expectDisk = async (
  { story, lab }: Pick<Ground, "story" | "lab">,
  diskId: string,
  reference: Fingerprint,
): Promise<void> => {
  const file = join(story.run.dir, `${diskId}.raw`);
  await lab.control.copyDisk(diskId, file);
  const difference = differenceOf(await fingerprintOf(file), reference);
  await rm(file);
  if (difference !== undefined) throw new Error(`restored disk ${diskId} is not what it was: ${difference}`);
};
