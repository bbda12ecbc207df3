import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type PlanRestoreRequest,
  type PlanRestoreResponseSchema,
  type RestoreDiskRequest,
  RestoreService,
  type RestoreVmRequest,
} from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { SessionId } from "@holdfast/shared/ids/ids";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { findSession } from "../../database/sessions-table.ts";
import { place } from "../../placement/place.ts";
import { placementTaskOf } from "../../sessions/placement-task-of.ts";
import { readQueue } from "../../sessions/read-queue.ts";
import { requestedSessionId, startSession } from "../../sessions/start-session.ts";
import type { RestoreScope } from "../../sessions/task-scope.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toRemark } from "../to-common.ts";
import { type LookedAt, lookAt } from "./look-at.ts";
import { restoredName } from "./restored-name.ts";

/** `holdfast.controller.v1.RestoreService`. */
export const serveRestores = (deps: ApiDeps): ServedService =>
  serveService(RestoreService, {
    planRestore: (request, { signal }) => planRestore(deps, request, signal),
    restoreVm: async (request, { signal }) => ({ sessionId: await restoreVm(deps, request, signal) }),
    restoreDisk: async (request, { signal }) => ({ sessionId: await restoreDisk(deps, request, signal) }),
  });

const planRestore = async (
  deps: ApiDeps,
  request: PlanRestoreRequest,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof PlanRestoreResponseSchema>> => {
  const { plan, point } = await lookAt(
    deps,
    { pointId: request.pointId, target: request.target, disk: request.diskId },
    signal,
  );
  const { fleet } = await readQueue(deps.database.queries, deps);
  const work = { managerId: plan.managerId, clusterId: plan.cluster.id, vmId: "", isRestore: true };
  const placement = place(placementTaskOf(work, deps.managers), fleet);
  return {
    name: request.name === "" ? restoredName(point.manifest.sealed.vmName, deps.clock.nowMs()) : request.name,
    managerName: plan.managerName,
    clusterName: plan.cluster.name,
    storageDomainName: [...new Set(plan.targets.map(({ domain }) => domain.name))].join(", "),
    placement: placement.words,
    disks: plan.targets.map(({ saved }) => ({
      diskId: saved.id,
      alias: saved.alias,
      sizeBytes: BigInt(saved.sizeBytes),
      format: saved.format,
    })),
    remarks: plan.remarks.map(toRemark),
  };
};

const restoreVm = async (deps: ApiDeps, request: RestoreVmRequest, signal: AbortSignal): Promise<SessionId> => {
  const sessionId = requestedSessionId("restore-vm", request.pointId, request.requestId, deps.random);
  if ((await findSession(deps.database.queries, sessionId)) !== undefined) return sessionId;
  const looked = await lookAt(deps, { pointId: request.pointId, target: request.target, disk: "" }, signal);
  const name =
    request.name === "" ? restoredName(looked.point.manifest.sealed.vmName, deps.clock.nowMs()) : request.name;
  await refuseTakenName(deps, looked, name, signal);
  const scope: RestoreScope = {
    v: 1,
    kind: "restore-vm",
    pointId: request.pointId,
    name,
    storageDomainId: request.target?.storageDomain ?? "",
    targetDomainIds: domainIdsOf(looked),
    start: request.start,
    keepMacs: request.keepMacs,
  };
  return start(deps, looked, { sessionId, scope, name });
};

const restoreDisk = async (deps: ApiDeps, request: RestoreDiskRequest, signal: AbortSignal): Promise<SessionId> => {
  const sessionId = requestedSessionId(
    "restore-disk",
    `${request.pointId}/${request.disk}`,
    request.requestId,
    deps.random,
  );
  if ((await findSession(deps.database.queries, sessionId)) !== undefined) return sessionId;
  if (request.disk === "") throw new HoldfastError("INVALID_ARGUMENT", "the request names no disk");
  const looked = await lookAt(deps, { pointId: request.pointId, target: request.target, disk: request.disk }, signal);
  const disk = looked.plan.targets[0]?.saved;
  if (disk === undefined) throw new HoldfastError("NOT_FOUND", `the point has no disk ${request.disk}`);
  const alias = request.alias === "" ? restoredName(disk.alias, deps.clock.nowMs()) : request.alias;
  const scope: RestoreScope = {
    v: 1,
    kind: "restore-disk",
    pointId: request.pointId,
    diskId: disk.id,
    alias,
    storageDomainId: request.target?.storageDomain ?? "",
    targetDomainIds: domainIdsOf(looked),
  };
  return start(deps, looked, { sessionId, scope, name: alias });
};

const domainIdsOf = ({ plan }: LookedAt): string[] => [...new Set(plan.targets.map(({ domain }) => domain.id))].sort();

const refuseTakenName = async (deps: ApiDeps, { plan }: LookedAt, name: string, signal: AbortSignal): Promise<void> => {
  const [taken] = await deps.managers.get(plan.managerId).hypervisor.findVms(name, signal);
  if (taken !== undefined) throw new HoldfastError("ALREADY_EXISTS", `manager ${plan.managerName} has a VM ${name}`);
};

interface Start {
  readonly sessionId: SessionId;
  readonly scope: RestoreScope;
  readonly name: string;
}

const start = async (deps: ApiDeps, { plan, point }: LookedAt, { sessionId, scope, name }: Start): Promise<SessionId> =>
  startSession(deps, {
    sessionId,
    kind: "restore",
    jobId: "",
    jobName: "",
    trigger: "operator",
    timeZone: deps.timeZone,
    tasks: [
      {
        managerId: plan.managerId,
        engineInstanceId: plan.engineInstanceId,
        clusterId: plan.cluster.id,
        vmId: "",
        vmName: name,
        repositoryId: point.repository.repositoryId,
        scope,
      },
    ],
  });
