import type { VerifyPointResponse } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Operation } from "./operation.ts";
import { rangesText } from "./hurt-remarks.ts";

/** Has a repository read every chunk of one point back. */
export const verifyPoint: Operation = async ({ repository, request, tell, signal }) => {
  const { pointId } = request;
  let last: VerifyPointResponse | undefined;
  for await (const found of repository.verifyPoint(pointId, signal)) {
    last = found;
    tell({ phase: "verifying", done: found.chunksVerified, total: found.chunksTotal, unit: "chunks" });
  }
  const { chunksVerified = 0, damaged = [] } = last ?? {};
  const notice = {
    level: "notice",
    code: "VERIFIED",
    message: `${chunksVerified} chunks were read back`,
    diskId: "",
  } as const;
  if (damaged.length === 0) return [notice];
  const message = `point ${pointId} is hurt: ${rangesText(damaged)}`;
  return [notice, { level: "warning", code: "POINT_HURT", message, diskId: "" }];
};
