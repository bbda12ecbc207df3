import type { DamagedRange } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { Remark } from "../sessions/remark.ts";

/** Points that are named one by one. */
const mostNamed = 100;
/** Ranges of one disk that are named. */
const mostRanges = 5;

/** Names the points of a repository that are hurt, with their disks and ranges. */
export const hurtRemarks = async (
  repository: RepositoryConnection,
  signal: AbortSignal,
): Promise<readonly Remark[]> => {
  const remarks: Remark[] = [];
  for await (const { point, damaged } of repository.listHurt(signal)) {
    if (point === undefined) continue;
    if (remarks.length === mostNamed) {
      remarks.push({
        level: "warning",
        code: "POINT_HURT",
        message: "more points are hurt: repository hurt lists them",
        diskId: "",
      });
      break;
    }
    const message = `point ${point.pointId} of VM ${point.vmName} is hurt: ${rangesText(damaged)}`;
    remarks.push({ level: "warning", code: "POINT_HURT", message, diskId: "" });
  }
  return remarks;
};

/** `disk D chunks 3+2 (CHUNK_DAMAGED)`, disk by disk. */
export const rangesText = (damaged: readonly DamagedRange[]): string => {
  const named = damaged.slice(0, mostRanges).map(({ range, code }) => {
    const { diskId = "", firstPosition = 0, count = 0 } = range ?? {};
    return `disk ${diskId} chunks ${firstPosition}+${count} (${code})`;
  });
  const more = damaged.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more ranges`] : [])].join(", ");
};
