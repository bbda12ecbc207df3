import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { openNbd } from "@holdfast/shared/nbd/connection";
import { describeSession, present } from "../harness/operator.ts";
import { expectCoded, isDone } from "../harness/session-end.ts";
import type { Stage, StagedVm, StagedVmOptions } from "../harness/stage.ts";
import type { FaultAim } from "./fault-case.ts";

/** A VM of the matrix. */
export interface MatrixVm extends FaultAim {
  readonly staged: StagedVm;
  readonly status: "up" | "down";
}

/** Makes one with a disk of 2 MiB, half of it filled, and its job. */
export const addMatrixVm = async (stage: Stage, name: string, options: StagedVmOptions): Promise<MatrixVm> => {
  const staged = await stage.addVm(name, { sizeMiB: 2, filledMiB: 1, ...options });
  return { staged, vmId: staged.id, diskId: present(staged.disks[0]).id, status: options.status ?? "up" };
};

/** Its guest writes 64 KiB; a VM that is down keeps what it has. */
export const writeSomething = async (
  stage: Stage,
  { vmId, diskId, status }: MatrixVm,
  round: number,
): Promise<void> => {
  if (status === "down") return;
  const address = present((await stage.lab.control.guestDisks(vmId)).find((one) => one.diskId === diskId));
  await using guest = await openNbd(address);
  await guest.write(Buffer.alloc(65_536, 1 + (round % 255)), 4096 * (1 + (round % 400)));
};

/** Backs it up while something goes wrong: the session ends, by a point or by codes that are not those of bugs. */
export const backUpAmidFault = async (stage: Stage, vm: MatrixVm): Promise<Session> => {
  const session = await stage.operator.runJob(vm.staged.name);
  if (!isDone(session)) expectCoded(session);
  return session;
};

/** Backs it up when nothing goes wrong: there is a point. */
export const backUpWell = async (stage: Stage, vm: MatrixVm): Promise<void> => {
  const session = await stage.operator.runJob(vm.staged.name);
  if (!isDone(session)) throw new Error(`the session after the fault failed:\n${describeSession(session)}`);
};

/** Its user can power it off and on, take a snapshot and delete it: nothing of ours locks it. */
export const useAsUser = async ({ lab }: Stage, { vmId, status }: MatrixVm): Promise<void> => {
  const { control } = lab;
  if (status === "up") await control.stopVm(vmId);
  await control.startVm(vmId);
  await control.user.deleteSnapshot(vmId, await control.user.takeSnapshot(vmId, "of the user"));
  if (status === "down") await control.stopVm(vmId);
};
