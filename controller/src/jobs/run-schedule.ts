import { toIso } from "@holdfast/shared/clock/clock";
import { scheduledSessionId } from "@holdfast/shared/ids/ids";
import { listJobs, markHandled } from "../database/jobs-table.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { Job } from "./job.ts";
import { runJob } from "./run-job.ts";
import { dueStart } from "./schedule.ts";
import { wholeReadsOf } from "./whole-reads-of.ts";

/**
 * Starts what is due. A session's id follows from its job and nominal time, so a crash between starting it and noting that is
 * harmless. One job that cannot start holds no other up.
 */
export const runSchedule = async (deps: WorkDeps): Promise<void> => {
  for (const job of await listJobs(deps.database.queries)) {
    if (!job.enabled || job.dailyAt === "") continue;
    try {
      await startDue(deps, job);
    } catch (caught) {
      deps.log.error("a scheduled job could not start", { job: job.jobId, err: caught });
    }
  }
};

/** What is read whole is decided by the nominal time, late or not. */
const runNow = async (deps: WorkDeps, job: Job, nominalMs: number): Promise<void> => {
  const { reads, remarks } = await wholeReadsOf(deps, job, nominalMs);
  const sessionId = scheduledSessionId(job.jobId, toIso(nominalMs));
  await runJob(deps, { job, sessionId, trigger: "schedule", wholeReads: reads, remarks });
};

const startDue = async (deps: WorkDeps, job: Job): Promise<void> => {
  const due = dueStart(job, job.handledMs, deps.clock.nowMs());
  if (due === null) return;
  const nominal = toIso(due.nominalMs);
  if (due.verdict === "missed")
    deps.log.error("a scheduled start was missed by more than 12 hours", { job: job.jobId, nominal });
  else await runNow(deps, job, due.nominalMs);
  await markHandled(deps.database.queries, job.jobId, due.nominalMs);
};
