import type { VerifyPointResponse } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Remark } from "../sessions/remark.ts";
import type { Operation, OperationContext } from "./operation.ts";
import { rangesText } from "./hurt-remarks.ts";
import { verifyVms } from "./verify-vms.ts";

/** Has a repository read every chunk of one point back, or of the newest points of the VMs of a session that is over. */
export const verifyPoint: Operation = async (context) =>
  context.request.vms.length > 0
    ? await verifyVms(context, (vm, pointId) => verifyOne(context, pointId, ` of VM ${vm.vmName}`))
    : await verifyOne(context, context.request.pointId, "");

const verifyOne = async (
  { repository, tell, signal }: OperationContext,
  pointId: string,
  ofVm: string,
): Promise<readonly Remark[]> => {
  let last: VerifyPointResponse | undefined;
  for await (const found of repository.verifyPoint(pointId, signal)) {
    last = found;
    tell({ phase: `verifying${ofVm}`, done: found.chunksVerified, total: found.chunksTotal, unit: "chunks" });
  }
  const { chunksVerified = 0, damaged = [] } = last ?? {};
  const read = ofVm === "" ? "" : ` of point ${pointId}${ofVm}`;
  const message = `${chunksVerified} chunks${read} were read back`;
  const notice = { level: "notice", code: "VERIFIED", message, diskId: "" } as const;
  if (damaged.length === 0) return [notice];
  const hurt = `point ${pointId}${ofVm} is hurt: ${rangesText(damaged)}`;
  return [notice, { level: "warning", code: "POINT_HURT", message: hurt, diskId: "" }];
};
