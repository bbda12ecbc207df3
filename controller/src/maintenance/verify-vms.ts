import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { newestGood } from "../repositories/newest-base.ts";
import type { Remark } from "../sessions/remark.ts";
import type { VerifiedVm } from "./maintenance.ts";
import type { OperationContext } from "./operation.ts";

/** Reads one point of a VM back. */
type VerifyOne = (vm: VerifiedVm, pointId: string) => Promise<readonly Remark[]>;

/** VM after VM; what was found of each is kept, so that what was broken off goes on with the next one (policy 21). */
export const verifyVms = async (context: OperationContext, verifyOne: VerifyOne): Promise<readonly Remark[]> => {
  const vms = [...context.request.vms];
  for (const [index, vm] of vms.entries()) {
    if (vm.found !== null) continue;
    const found = [...(await verifyVm(context, vm, verifyOne))];
    vms[index] = { ...vm, found };
    await context.keep({ ...context.request, vms });
  }
  return vms.flatMap(({ found }) => found ?? []);
};

const verifyVm = async (
  { repository, signal }: OperationContext,
  vm: VerifiedVm,
  verifyOne: VerifyOne,
): Promise<readonly Remark[]> => {
  const { engineInstanceId, vmId, vmName } = vm;
  const pointId =
    vm.pointId === ""
      ? newestGood(await repository.listPoints({ vm: { engineInstanceId, vmId } }, signal))?.pointId
      : vm.pointId;
  if (pointId === undefined) return [notRead(`VM ${vmName} has no good point`)];
  try {
    return await verifyOne(vm, pointId);
  } catch (caught) {
    if (!hasCode(caught, "POINT_NOT_FOUND")) throw caught;
    return [notRead(`point ${pointId} of VM ${vmName} was removed meanwhile`)];
  }
};

const notRead = (why: string): Remark => ({ level: "notice", code: "NOT_VERIFIED", message: why, diskId: "" });
