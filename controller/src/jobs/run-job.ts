import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { SessionId } from "@holdfast/shared/ids/ids";
import type { WholeRead } from "../capture/whole-read.ts";
import type { Remark } from "../sessions/remark.ts";
import type { Session } from "../sessions/session.ts";
import { type TaskRequest, startSession } from "../sessions/start-session.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { Job, JobVm } from "./job.ts";
import { type WholeReads, keyOfVm } from "./whole-reads-of.ts";

/** A run of a job. */
export interface RunRequest {
  readonly job: Job;
  readonly sessionId: SessionId;
  readonly trigger: Session["trigger"];
  /** Only these VMs of the job; undefined for all. */
  readonly vms?: readonly JobVm[];
  /** VMs that are read whole, by `keyOfVm`. */
  readonly wholeReads?: WholeReads["reads"];
  /** What there is to say before it begins. */
  readonly remarks?: readonly Remark[];
}

const none: WholeReads["reads"] = new Map();

/** Starts a session for a job: its scope is resolved now, into one task per VM. FAILED_PRECONDITION when a manager is gone. */
export const runJob = (
  deps: WorkDeps,
  { job, sessionId, trigger, vms = job.vms, ...more }: RunRequest,
): Promise<SessionId> =>
  startSession(deps, {
    sessionId,
    kind: "backup",
    jobId: job.jobId,
    jobName: job.name,
    trigger,
    timeZone: job.timeZone,
    tasks: vms.map((vm) => toTask(deps, job, vm, (more.wholeReads ?? none).get(keyOfVm(vm)))),
    remarks: more.remarks ?? [],
  });

const toTask = (
  deps: WorkDeps,
  job: Job,
  { managerId, vmId, vmName }: JobVm,
  wholeRead: WholeRead | undefined,
): TaskRequest => {
  const manager = deps.managers.find(managerId);
  if (manager === undefined)
    throw new HoldfastError("FAILED_PRECONDITION", `the manager of VM ${vmName} is not connected any more`);
  const vm = manager.inventory?.vms.find(({ id }) => id === vmId);
  const excludedDiskIds = job.excludedDisks.filter((disk) => disk.vmId === vmId).map(({ diskId }) => diskId);
  return {
    managerId,
    engineInstanceId: manager.record.engineInstanceId,
    clusterId: vm?.clusterId ?? "",
    vmId,
    vmName: vm?.name ?? vmName,
    repositoryId: job.repositoryId,
    scope: {
      v: 1,
      kind: "backup",
      excludedDiskIds,
      codec: job.codec,
      wholeRead,
      capture: job.capture,
      ...(job.sampleChunks === 0 ? {} : { sampleChunks: job.sampleChunks }),
    },
  };
};
