import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PointSummarySchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import { toPointSummary } from "../catalog/point-message.ts";
import type { ServiceDeps } from "./deps.ts";

/** A point as calls tell it, with until when its removal can be taken back. */
export const pointSummaryOf = (
  { decisions }: Pick<ServiceDeps, "decisions">,
  point: CatalogPoint,
): MessageInitShape<typeof PointSummarySchema> => {
  const standing = decisions.standingOf(point);
  const undeleteUntilMs = standing.state === "removed" ? (standing.untilMs ?? 0) : 0;
  return { ...toPointSummary(point), isGone: standing.state === "gone", undeleteUntilMs: BigInt(undeleteUntilMs) };
};
