import * as z from "zod";
import { capturePolicySchema } from "../capture/capture-policy.ts";
import { type ExcludedDisk, type Job, type JobVm, codecs } from "../jobs/job.ts";
import type { Queries } from "./database.ts";
import type { JobRow } from "./schema.ts";

const toRow = (job: Job): JobRow => ({
  job_id: job.jobId,
  name: job.name,
  description: job.description,
  enabled: job.enabled ? 1 : 0,
  repository_id: job.repositoryId,
  daily_at: job.dailyAt,
  time_zone: job.timeZone,
  keep_days: job.keepDays,
  codec: job.codec,
  verify_after: job.verifyAfter ? 1 : 0,
  active_full_on: job.activeFullOn,
  audit_days: job.auditDays,
  audit_bytes: job.auditBytesPerNight,
  sample_chunks: job.sampleChunks,
  capture: job.capture.way,
  legacy_capture: job.capture.legacy ? 1 : 0,
  consistency: job.capture.consistency,
  handled_ms: job.handledMs,
  created_ms: job.createdMs,
});

const fromRow = (row: JobRow, vms: readonly JobVm[], excludedDisks: readonly ExcludedDisk[]): Job => ({
  jobId: row.job_id,
  name: row.name,
  description: row.description,
  enabled: row.enabled === 1,
  vms,
  excludedDisks,
  repositoryId: row.repository_id,
  dailyAt: row.daily_at,
  timeZone: row.time_zone,
  keepDays: row.keep_days,
  codec: z.enum(codecs).parse(row.codec),
  verifyAfter: row.verify_after === 1,
  activeFullOn: row.active_full_on,
  auditDays: row.audit_days,
  auditBytesPerNight: row.audit_bytes,
  sampleChunks: row.sample_chunks,
  capture: capturePolicySchema.parse({
    way: row.capture,
    legacy: row.legacy_capture === 1,
    consistency: row.consistency,
  }),
  handledMs: row.handled_ms,
  createdMs: row.created_ms,
});

/** Writes a job as a whole, new or changed; run it in a transaction. */
export const saveJob = async (queries: Queries, job: Job): Promise<void> => {
  const { job_id: _id, ...changed } = toRow(job);
  await queries
    .insertInto("jobs")
    .values(toRow(job))
    .onConflict((conflict) => conflict.column("job_id").doUpdateSet(changed))
    .execute();
  await removeParts(queries, job.jobId);
  const vms = job.vms.map((vm, position) => ({
    job_id: job.jobId,
    position,
    manager_id: vm.managerId,
    vm_id: vm.vmId,
    vm_name: vm.vmName,
  }));
  if (vms.length > 0) await queries.insertInto("job_vms").values(vms).execute();
  const disks = job.excludedDisks.map(({ vmId, diskId }) => ({ job_id: job.jobId, vm_id: vmId, disk_id: diskId }));
  if (disks.length > 0) await queries.insertInto("job_excluded_disks").values(disks).execute();
};

/** Removes a job; sessions keep its id and name. Run it in a transaction. */
export const removeJob = async (queries: Queries, jobId: string): Promise<void> => {
  await removeParts(queries, jobId);
  await queries.deleteFrom("jobs").where("job_id", "=", jobId).execute();
};

/** All jobs, by name. */
export const listJobs = async (queries: Queries): Promise<readonly Job[]> => {
  const rows = await queries.selectFrom("jobs").selectAll().orderBy("name").execute();
  const vms = await queries.selectFrom("job_vms").selectAll().orderBy("position").execute();
  const disks = await queries.selectFrom("job_excluded_disks").selectAll().orderBy("disk_id").execute();
  return rows.map((row) =>
    fromRow(
      row,
      vms
        .filter((vm) => vm.job_id === row.job_id)
        .map((vm) => ({ managerId: vm.manager_id, vmId: vm.vm_id, vmName: vm.vm_name })),
      disks.filter((disk) => disk.job_id === row.job_id).map((disk) => ({ vmId: disk.vm_id, diskId: disk.disk_id })),
    ),
  );
};

/** A job by id or name. */
export const findJob = async (queries: Queries, idOrName: string): Promise<Job | undefined> => {
  const jobs = await listJobs(queries);
  return jobs.find(({ jobId }) => jobId === idOrName) ?? jobs.find(({ name }) => name === idOrName);
};

/** Remembers that nominal starts up to a moment are dealt with. */
export const markHandled = async (queries: Queries, jobId: string, handledMs: number): Promise<void> => {
  await queries.updateTable("jobs").set({ handled_ms: handledMs }).where("job_id", "=", jobId).execute();
};

const removeParts = async (queries: Queries, jobId: string): Promise<void> => {
  await queries.deleteFrom("job_vms").where("job_id", "=", jobId).execute();
  await queries.deleteFrom("job_excluded_disks").where("job_id", "=", jobId).execute();
};
