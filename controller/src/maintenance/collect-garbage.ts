import type { CollectGarbageResponse, CollectionResult } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Remark } from "../sessions/remark.ts";
import type { Operation } from "./operation.ts";

/** Characters of a plan that are kept. */
const longestPlan = 32_768;

/** Has a repository remove what nothing needs any more, or say what it would. */
export const collectGarbage: Operation = async ({ repository, request, tell, signal }) => {
  let last: CollectGarbageResponse | undefined;
  for await (const found of repository.collect(request.dryRun, signal)) {
    last = found;
    const unit = found.phase === "walking" ? "points" : "packs";
    tell({ phase: found.phase, done: Number(found.done), total: Number(found.total), unit });
  }
  return last?.result === undefined ? [] : toRemarks(last.result, request.dryRun);
};

const toRemarks = (result: CollectionResult, dryRun: boolean): readonly Remark[] => {
  const { pointsRemoved, packsRemoved, packsCompacted, bytesFreed, bytesCopied, plan } = result;
  const would = dryRun ? "a collection would remove" : "removed";
  const message = `${would} ${pointsRemoved} points, ${packsRemoved} packs, ${packsCompacted} packs after copying ${bytesCopied} bytes; freed ${bytesFreed} bytes`;
  const counts: Remark = { level: "notice", code: dryRun ? "WOULD_COLLECT" : "COLLECTED", message, diskId: "" };
  return plan === "" ? [counts] : [counts, { level: "notice", code: "PLAN", message: shortened(plan), diskId: "" }];
};

const shortened = (plan: string): string =>
  plan.length <= longestPlan ? plan : `${plan.slice(0, longestPlan)}\n… and more`;
