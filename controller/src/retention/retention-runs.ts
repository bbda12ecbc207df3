import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import type { Queries } from "../database/database.ts";
import { listJobs } from "../database/jobs-table.ts";
import { readSetting, writeSetting } from "../database/settings-table.ts";
import { pointsUnderCopy } from "../copies/points-under-copy.ts";
import { dueStart } from "../jobs/schedule.ts";
import type { Job } from "../jobs/job.ts";
import type { OnSessionEnd } from "../sessions/step-session.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { applyRetention } from "./apply-retention.ts";

/** At the end of a session, for its VMs that got a good point in it; a VM whose task failed loses nothing (policy 8). */
export const createSessionRetention =
  (deps: WorkDeps): OnSessionEnd =>
  async (session, tasks, signal) => {
    const job = (await listJobs(deps.database.queries)).find(({ jobId }) => jobId === session.jobId);
    if (job === undefined || session.kind !== "backup") return [];
    const succeeded = tasks.filter(({ state, pointId }) => state === "succeeded" && pointId !== "");
    const remarks = await mapBounded(
      succeeded,
      4,
      async (task, inner) => {
        const repository = deps.repositories.find(task.repositoryId);
        if (repository === undefined) return [];
        const vm = { engineInstanceId: task.engineInstanceId, vmId: task.vmId };
        const spared = await pointsUnderCopy(deps.database.queries, repository.repositoryId);
        return applyRetention(deps, { job, vm, repository, floor: deps.settings.retentionFloor, spared }, inner);
      },
      signal,
    );
    return remarks.flat();
  };

const settingName = "retention-handled-ms";

/** The nominal time of the last daily retention that was dealt with; 0 for none. */
export const dailyRetentionHandledMs = async (queries: Queries): Promise<number> =>
  Number((await readSetting(queries, settingName)) ?? 0);

/** Daily at 00:30 of the installation's zone, for all jobs (policy 8); a missed run is made up for. */
export const runDailyRetention = async (deps: WorkDeps, timeZone: string, signal: AbortSignal): Promise<void> => {
  const { queries } = deps.database;
  const nowMs = deps.clock.nowMs();
  const handled = await readSetting(queries, settingName);
  if (handled === undefined) return writeSetting(queries, settingName, String(nowMs));
  const due = dueStart({ dailyAt: "00:30", timeZone }, Number(handled), nowMs);
  if (due === null) return undefined;
  for (const job of await listJobs(queries)) await retainJob(deps, job, signal);
  return writeSetting(queries, settingName, String(due.nominalMs));
};

const retainJob = async (deps: WorkDeps, job: Job, signal: AbortSignal): Promise<void> => {
  const repository = deps.repositories.find(job.repositoryId);
  if (repository === undefined) return;
  for (const { managerId, vmId } of job.vms) {
    const manager = deps.managers.find(managerId);
    if (manager === undefined) continue;
    const vm = { engineInstanceId: manager.record.engineInstanceId, vmId };
    const spared = await pointsUnderCopy(deps.database.queries, repository.repositoryId);
    const { retentionFloor: floor } = deps.settings;
    const remarks = await applyRetention(deps, { job, vm, repository, floor, spared }, signal);
    for (const { message } of remarks)
      deps.log.warn("daily retention left something", { job: job.jobId, vm: vmId, reason: message });
  }
};
