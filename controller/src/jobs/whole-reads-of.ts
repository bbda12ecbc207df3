import { lastWholeRead } from "../database/whole-reads-table.ts";
import type { WholeRead } from "../capture/whole-read.ts";
import { calendarDayOf } from "../retention/calendar-day.ts";
import type { Remark } from "../sessions/remark.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { type AuditCandidate, chooseAudits } from "./audit.ts";
import { isChosenDay } from "./chosen-days.ts";
import type { Job, JobVm } from "./job.ts";

/** VMs of a scheduled run that are read whole, by `keyOfVm`, and what there is to say of it. */
export interface WholeReads {
  readonly reads: ReadonlyMap<string, WholeRead>;
  readonly remarks: readonly Remark[];
}

type Deps = Pick<WorkDeps, "database" | "managers">;

/** What tells the VMs of a job apart. */
export const keyOfVm = ({ managerId, vmId }: Pick<JobVm, "managerId" | "vmId">): string => `${managerId}/${vmId}`;

/** Which VMs of a job its scheduled run of this nominal time reads whole: all on a chosen day, else those whose audit is due. */
export const wholeReadsOf = async (deps: Deps, job: Job, nominalMs: number): Promise<WholeReads> => {
  if (isChosenDay(job.activeFullOn, calendarDayOf(nominalMs, job.timeZone)))
    return { reads: new Map(job.vms.map((vm) => [keyOfVm(vm), "active-full"])), remarks: [] };
  if (job.auditDays === 0) return { reads: new Map(), remarks: [] };
  const { chosen, postponed } = chooseAudits(await candidatesOf(deps, job), {
    nowMs: nominalMs,
    periodDays: job.auditDays,
    budgetBytes: job.auditBytesPerNight,
  });
  const names = job.vms.filter((vm) => postponed.includes(keyOfVm(vm))).map(({ vmName }) => vmName);
  return {
    reads: new Map([...chosen].map((key) => [key, "audit"])),
    remarks: names.length === 0 ? [] : [waits(names)],
  };
};

const waits = (names: readonly string[]): Remark => ({
  level: "notice",
  code: "AUDIT_POSTPONED",
  message: `${names.length} VMs are due to be read whole and wait for another night: ${names.slice(0, 20).join(", ")}`,
  diskId: "",
});

/** VMs of which nobody knows when they were read whole are none: their time begins with their next backup. */
const candidatesOf = async ({ database, managers }: Deps, job: Job): Promise<readonly AuditCandidate[]> => {
  const candidates: AuditCandidate[] = [];
  for (const { managerId, vmId } of job.vms) {
    const manager = managers.find(managerId);
    if (manager === undefined) continue;
    const { engineInstanceId } = manager.record;
    const vm = { engineInstanceId, vmId, repositoryId: job.repositoryId };
    const readMs = await lastWholeRead(database.queries, vm);
    const disks = manager.inventory?.vms.find(({ id }) => id === vmId)?.disks ?? [];
    const bytes = disks
      .filter(({ id }) => !job.excludedDisks.some((one) => one.vmId === vmId && one.diskId === id))
      .reduce((sum, { actualBytes }) => sum + actualBytes, 0);
    if (readMs !== undefined) candidates.push({ key: keyOfVm({ managerId, vmId }), readMs, bytes });
  }
  return candidates;
};
