import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type PointSummary,
  ProtectPointRequest_Change as Change,
  type ProtectPointRequestSchema,
  type RepositoryService,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import type { PointProtection, RepositoryConnection } from "./repository-connection.ts";
import type { RepositoryRecord } from "./repository-record.ts";
import type { UnreachableGuard } from "./unreachable-guard.ts";

/** The part of a connection that decides about points and about deleting them. */
type PointDecisions = Pick<RepositoryConnection, "removePoint" | "undeletePoint" | "protectPoint" | "confirmClock">;

/** What deciding about points goes through. */
export interface DecidingDeps {
  readonly record: RepositoryRecord;
  readonly service: ServiceClient<typeof RepositoryService>;
  readonly guard: UnreachableGuard;
  readonly timeoutMs: number;
}

/** Asks one repository to remove, bring back and protect points. */
export const pointDecisions = ({ record, service, guard, timeoutMs }: DecidingDeps): PointDecisions => {
  const decide = (ask: () => Promise<{ readonly point?: PointSummary | undefined }>): Promise<PointSummary> =>
    guard.call(async () => {
      const { point } = await ask();
      if (point === undefined) throw new HoldfastError("INTERNAL", `repository ${record.name} answered no point`);
      return point;
    });
  return {
    removePoint: (request, signal) => decide(() => service.removePoint(request, { signal, timeoutMs })),
    undeletePoint: (pointId, signal) => decide(() => service.undeletePoint({ pointId }, { signal, timeoutMs })),
    protectPoint: (protection, signal) =>
      decide(() => service.protectPoint(toProtectRequest(protection), { signal, timeoutMs })),
    confirmClock: (signal) =>
      guard.call(async () => {
        await service.confirmClock({}, { signal, timeoutMs });
      }),
  };
};

const changes = { "for-ever": Change.FOR_EVER, lifted: Change.LIFTED, until: Change.UNTIL } as const;

const toProtectRequest = (protection: PointProtection): MessageInitShape<typeof ProtectPointRequestSchema> => ({
  pointId: protection.pointId,
  reason: protection.reason,
  change: changes[protection.kind],
  untilMs: protection.kind === "until" ? protection.untilMs : 0n,
});
