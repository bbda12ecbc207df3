import { JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { listJobs, removeJob } from "../../database/jobs-table.ts";
import type { Job, JobVm } from "../../jobs/job.ts";
import { runJob } from "../../jobs/run-job.ts";
import { keyOfVm } from "../../jobs/whole-reads-of.ts";
import { requestedSessionId } from "../../sessions/start-session.ts";
import type { ApiDeps } from "../api-deps.ts";
import { createJob, editJob, getJob, setEnabled } from "./edit-jobs.ts";
import { nextRun, planJob } from "./plan-job.ts";
import { toJob } from "./to-job.ts";

/** `holdfast.controller.v1.JobService`. */
export const serveJobs = (deps: ApiDeps): ServedService =>
  serveService(JobService, {
    createJob: async ({ definition }, { signal }) => ({
      job: await toJob(deps, await createJob(deps, definition, signal)),
    }),
    listJobs: async () => {
      const jobs = [];
      for (const job of await listJobs(deps.database.queries)) jobs.push(await toJob(deps, job));
      return { jobs };
    },
    getJob: async ({ job }) => ({ job: await toJob(deps, await getJob(deps, job)) }),
    editJob: async ({ job, definition }, { signal }) => ({
      job: await toJob(deps, await editJob(deps, job, definition, signal)),
    }),
    setJobEnabled: async ({ job, enabled }) => ({ job: await toJob(deps, await setEnabled(deps, job, enabled)) }),
    removeJob: async ({ job }) => {
      const { jobId, name } = await getJob(deps, job);
      await deps.database.inTransaction((queries) => removeJob(queries, jobId));
      deps.log.info("job removed", { job: jobId, name });
      return {};
    },
    runJob: async ({ job: idOrName, requestId, vms, activeFull }) => {
      const job = await getJob(deps, idOrName);
      const sessionId = requestedSessionId("job", job.jobId, requestId, deps.random);
      await runJob(deps, {
        job,
        sessionId,
        trigger: "operator",
        vms: vms.length === 0 ? job.vms : chooseVms(deps, job, vms),
        wholeReads: new Map(activeFull ? job.vms.map((vm) => [keyOfVm(vm), "active-full"]) : []),
      });
      return { sessionId };
    },
    planJob: async ({ job: idOrName, activeFull }, { signal }) => {
      const job = await getJob(deps, idOrName);
      const run = await nextRun(deps, job, activeFull);
      return { vms: [...(await planJob(deps, job, run, signal))], runMs: BigInt(run.runMs) };
    },
  });

const chooseVms = (deps: ApiDeps, job: Job, words: readonly string[]): readonly JobVm[] =>
  words.map((word) => {
    const vm = job.vms.find((one) => isNamed(deps, one, word));
    if (vm === undefined) throw new HoldfastError("VM_NOT_FOUND", `job ${job.name} has no VM ${word}`);
    return vm;
  });

const isNamed = (deps: ApiDeps, vm: JobVm, word: string): boolean => {
  const manager = deps.managers.find(vm.managerId);
  const name = manager?.inventory?.vms.find(({ id }) => id === vm.vmId)?.name ?? vm.vmName;
  return [vm.vmId, name, vm.vmName, `${manager?.record.name ?? ""}/${name}`].includes(word);
};
