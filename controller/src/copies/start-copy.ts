import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { SessionId } from "@holdfast/shared/ids/ids";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { Remark } from "../sessions/remark.ts";
import { type SessionRequest, type TaskRequest, tellStarted, writeSession } from "../sessions/start-session.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { type CopyFilter, type CopyPlan, originOf, planCopy } from "./plan-copy.ts";
import { pointsUnderCopy } from "./points-under-copy.ts";

/** Points of one session at most: it is shown as one message. */
const mostPoints = 200;

/** A copy that an operator asks for. */
export interface CopyWish {
  readonly sessionId: SessionId;
  readonly source: RepositoryConnection;
  readonly target: RepositoryConnection;
  readonly filter: CopyFilter;
  /** VMs or jobs were named: that none of their points is there is then a mistake. */
  readonly isNamed: boolean;
  readonly codec: string;
  readonly timeZone: string;
}

/** Looks at both repositories and starts a session with one task for each point that the target has not got; says what it will do. */
export const startCopy = async (deps: WorkDeps, wish: CopyWish, signal: AbortSignal): Promise<CopyPlan> => {
  const { source, target } = wish;
  if (source.repositoryId === target.repositoryId)
    throw new HoldfastError("INVALID_ARGUMENT", `a point of ${source.name} cannot be copied to the same repository`);
  const points = await deps.repositories.names.fill(source, await source.listPoints({}, signal), signal);
  requireNamed(points, wish);
  const present = await target.listPoints({}, signal);
  // Looked at and written as one: of two that ask at the same moment the second finds what the first copies.
  const { plan, request, isNew } = await deps.database.inTransaction(async (queries) => {
    const underWay = await pointsUnderCopy(queries, source.repositoryId, target.repositoryId);
    const ground = { sourceId: source.repositoryId, targetId: target.repositoryId, source: points, target: present };
    const planned = planCopy({ ...ground, underWay, most: mostPoints }, wish.filter);
    const wanted = requestOf(deps, wish, planned);
    return { plan: planned, request: wanted, isNew: await writeSession(queries, wanted, deps.clock.nowMs()) };
  });
  if (isNew) tellStarted(deps, request);
  return plan;
};

const requestOf = (deps: WorkDeps, wish: CopyWish, plan: CopyPlan): SessionRequest => ({
  sessionId: wish.sessionId,
  kind: "repository-copy",
  jobId: "",
  jobName: `${wish.source.name} to ${wish.target.name}`,
  trigger: "operator",
  timeZone: wish.timeZone,
  tasks: plan.points.map((point) => toTask(deps, point, wish)),
  remarks: remarksOf(plan, wish.target.name),
});

/** POINT_NOT_FOUND when what was named has no point at all: a name that is misspelt is no success. */
const requireNamed = (points: readonly PointSummary[], { source, filter, isNamed }: CopyWish): void => {
  if (!isNamed || points.some((point) => filter.isOfVm(point) && filter.isOfJob(point))) return;
  throw new HoldfastError(
    "POINT_NOT_FOUND",
    `repository ${source.name} has no point of the VMs and jobs that were named`,
  );
};

const toTask = (deps: WorkDeps, point: PointSummary, { source, target, codec }: CopyWish): TaskRequest => {
  const { engineInstanceId = "", vmId = "" } = point.vm ?? {};
  const origin = originOf(point, source.repositoryId);
  return {
    ...placeOf(deps, { engineInstanceId, vmId }),
    engineInstanceId,
    // The VM itself has no part in it, and is free for other tasks.
    vmId: "",
    // Several points of one VM are told apart by when they were taken.
    vmName: `${point.vmName === "" ? vmId : point.vmName} of ${toIso(Number(point.capturedMs))}`,
    repositoryId: target.repositoryId,
    scope: {
      v: 1,
      kind: "copy",
      pointId: point.pointId,
      sourceRepositoryId: source.repositoryId,
      vmId,
      originRepositoryId: origin.repositoryId,
      originPointId: origin.pointId,
      codec,
    },
  };
};

/** Agents near the VM's own place are asked first; a VM whose manager is not known has none, and any manager's serve it. */
const placeOf = (
  deps: WorkDeps,
  { engineInstanceId, vmId }: { readonly engineInstanceId: string; readonly vmId: string },
): Pick<TaskRequest, "managerId" | "clusterId"> => {
  const managers = deps.managers.list();
  const told = managers.filter(({ inventory }) => inventory !== undefined);
  const own = told.find(({ record }) => record.engineInstanceId === engineInstanceId);
  const manager = own ?? told[0] ?? managers[0];
  if (manager === undefined)
    throw new HoldfastError("NO_AGENT", "no manager is known: copies are made by agents, which belong to managers");
  return { managerId: manager.record.managerId, clusterId: clusterOf(manager, vmId) };
};

const clusterOf = ({ inventory }: ManagerConnection, vmId: string): string =>
  inventory?.vms.find(({ id }) => id === vmId)?.clusterId ?? inventory?.clusters[0]?.id ?? "";

const remarksOf = ({ points, there, underWay, hurt, left }: CopyPlan, target: string): readonly Remark[] => [
  ...noticeOf(points.length === 0, "NOTHING_TO_COPY", "every point that was asked for is dealt with"),
  ...noticeOf(there > 0, "COPIED_BEFORE", `${there} points are in ${target} already`),
  ...noticeOf(underWay > 0, "COPY_UNDER_WAY", `${underWay} points are being copied by other sessions`),
  ...noticeOf(left > 0, "POINTS_LEFT", `${left} more points are left: ask again when this session has ended`),
  ...hurt.map(({ pointId, vmName }) => ({
    level: "warning" as const,
    code: "POINT_HURT",
    message: `point ${pointId} of VM ${vmName} is hurt and is not copied`,
    diskId: "",
  })),
];

const noticeOf = (isSo: boolean, code: string, message: string): readonly Remark[] =>
  isSo ? [{ level: "notice", code, message, diskId: "" }] : [];
