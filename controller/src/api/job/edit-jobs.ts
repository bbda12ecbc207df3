import type { JobDefinition } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName } from "@holdfast/shared/ids/ids";
import { findJob, listJobs, saveJob } from "../../database/jobs-table.ts";
import { type JobWords, defineJob } from "../../jobs/define-job.ts";
import type { Job } from "../../jobs/job.ts";
import type { ApiDeps } from "../api-deps.ts";
import { findInInventories } from "../inventory/inventories.ts";

/** A job by id or name; NOT_FOUND for none. */
export const getJob = async (deps: ApiDeps, idOrName: string): Promise<Job> => {
  const job = await findJob(deps.database.queries, idOrName);
  if (job === undefined) throw new HoldfastError("NOT_FOUND", `no job ${idOrName}`, { details: { job: idOrName } });
  return job;
};

/** Keeps a new job; its schedule counts from now. */
export const createJob = async (
  deps: ApiDeps,
  definition: JobDefinition | undefined,
  signal: AbortSignal,
): Promise<Job> => {
  const defined = await define(deps, definition, signal);
  const nowMs = deps.clock.nowMs();
  return keep(deps, {
    ...defined,
    jobId: randomName(12, deps.random),
    enabled: true,
    handledMs: nowMs,
    createdMs: nowMs,
  });
};

/** Puts a whole new definition in place; a changed schedule counts from now. */
export const editJob = async (
  deps: ApiDeps,
  idOrName: string,
  definition: JobDefinition | undefined,
  signal: AbortSignal,
): Promise<Job> => {
  const former = await getJob(deps, idOrName);
  const defined = await define(deps, definition, signal);
  const isRescheduled = defined.dailyAt !== former.dailyAt || defined.timeZone !== former.timeZone;
  return keep(deps, { ...former, ...defined, handledMs: isRescheduled ? deps.clock.nowMs() : former.handledMs });
};

/** Switches a job; starts that passed while it was off are not made up for. */
export const setEnabled = async (deps: ApiDeps, idOrName: string, enabled: boolean): Promise<Job> => {
  const former = await getJob(deps, idOrName);
  if (former.enabled === enabled) return former;
  return keep(deps, { ...former, enabled, handledMs: enabled ? deps.clock.nowMs() : former.handledMs });
};

const keep = async (deps: ApiDeps, job: Job): Promise<Job> => {
  await deps.database.inTransaction(async (queries) => {
    const other = (await listJobs(queries)).find(({ name, jobId }) => name === job.name && jobId !== job.jobId);
    if (other !== undefined) throw new HoldfastError("ALREADY_EXISTS", `there is a job ${job.name}`);
    await saveJob(queries, job);
  });
  deps.log.info("job saved", { job: job.jobId, name: job.name, enabled: job.enabled });
  return job;
};

const define = async (
  deps: ApiDeps,
  definition: JobDefinition | undefined,
  signal: AbortSignal,
): ReturnType<typeof defineNow> => {
  if (definition === undefined) throw new HoldfastError("INVALID_ARGUMENT", "the request has no definition");
  return defineNow(deps, definition, signal);
};

const defineNow = async (deps: ApiDeps, definition: JobWords, signal: AbortSignal) =>
  findInInventories(
    deps,
    (managers) =>
      defineJob(definition, {
        managers,
        findRepositoryId: (idOrName) => deps.repositories.find(idOrName)?.repositoryId,
        timeZone: deps.timeZone,
      }),
    signal,
  );
