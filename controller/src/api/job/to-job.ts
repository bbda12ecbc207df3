import type { MessageInitShape } from "@bufbuild/protobuf";
import type { JobSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { listSessions } from "../../database/sessions-table.ts";
import { auditText } from "../../jobs/audit.ts";
import { nextNominalMs } from "../../jobs/schedule.ts";
import type { Job } from "../../jobs/job.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toResult } from "../to-common.ts";

/** A job as operators see it, with its last and next run. */
export const toJob = async (deps: ApiDeps, job: Job): Promise<MessageInitShape<typeof JobSchema>> => {
  const [last] = await listSessions(deps.database.queries, { jobId: job.jobId, limit: 1 });
  const next = job.enabled && job.dailyAt !== "" ? nextNominalMs(job, deps.clock.nowMs()) : 0;
  return {
    jobId: job.jobId,
    definition: {
      name: job.name,
      vms: job.vms.map(({ vmId }) => vmId),
      excludedDisks: job.excludedDisks.map(({ diskId }) => diskId),
      repository: job.repositoryId,
      dailyAt: job.dailyAt,
      timeZone: job.timeZone,
      keepDays: job.keepDays,
      codec: job.codec,
      verifyAfter: job.verifyAfter,
      activeFullOn: job.activeFullOn,
      audit: auditText(job.auditDays),
      auditBytesPerNight: BigInt(job.auditBytesPerNight),
      sampleChunks: job.sampleChunks,
      capture: job.capture.way,
      legacyCapture: job.capture.legacy,
      consistency: job.capture.consistency,
      description: job.description,
    },
    enabled: job.enabled,
    vms: job.vms.map((vm) => ({
      vmId: vm.vmId,
      name: currentName(deps, vm),
      managerName: deps.managers.find(vm.managerId)?.record.name ?? vm.managerId,
    })),
    repositoryName: deps.repositories.find(job.repositoryId)?.name ?? job.repositoryId,
    nextRunMs: BigInt(next),
    lastSessionId: last?.sessionId ?? "",
    lastResult: toResult(last?.result ?? null),
    lastRunMs: BigInt(last?.startedMs ?? 0),
  };
};

const currentName = (deps: ApiDeps, vm: Job["vms"][number]): string =>
  deps.managers.find(vm.managerId)?.inventory?.vms.find(({ id }) => id === vm.vmId)?.name ?? vm.vmName;
