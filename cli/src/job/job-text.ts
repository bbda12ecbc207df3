import type { Job, PlannedVm } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { factsText, tableText } from "../output/output.ts";
import { bytesText, spanText, timeText } from "../output/units.ts";
import { resultText } from "../session/session-text.ts";

/** One line a job. */
export const jobsTable = (jobs: readonly Job[]): string =>
  tableText(
    ["name", "enabled", "vms", "repository", "schedule", "keep", "next run", "last run", "last result"],
    jobs.map((job) => [
      job.definition?.name ?? "",
      job.enabled ? "yes" : "no",
      String(job.vms.length),
      job.repositoryName,
      scheduleText(job),
      `${job.definition?.keepDays ?? 0} d`,
      timeText(job.nextRunMs),
      timeText(job.lastRunMs),
      resultText(job.lastResult),
    ]),
  );

/** All that is known of one job. */
export const jobText = (job: Job): string =>
  factsText([
    ["name", job.definition?.name],
    ["id", job.jobId],
    ["description", job.definition?.description],
    ["enabled", job.enabled ? "yes" : "no"],
    ["VMs", job.vms.map((vm) => `${vm.managerName}/${vm.name}`).join(", ")],
    ["excluded disks", job.definition?.excludedDisks.join(", ")],
    ["repository", job.repositoryName],
    ["schedule", scheduleText(job)],
    ["keep", `${job.definition?.keepDays ?? 0} days`],
    ["codec", job.definition?.codec],
    ["active full", activeFullText(job)],
    ["audit", auditText(job)],
    ["sample", sampleText(job)],
    ["capture", captureText(job)],
    ["consistency", job.definition?.consistency],
    ["verification", job.definition?.verifyAfter === true ? "after every session" : "with the repository's"],
    ["next run", timeText(job.nextRunMs)],
    [
      "last run",
      job.lastSessionId === ""
        ? "never"
        : `${timeText(job.lastRunMs)} ${resultText(job.lastResult)} (session ${job.lastSessionId})`,
    ],
  ]);

/** What a run would do, per VM and disk. */
export const planText = (vms: readonly PlannedVm[]): string => vms.map(plannedVmText).join("\n\n");

/** What a run would do with one VM. */
export const plannedVmText = (vm: PlannedVm): string =>
  [
    factsText([
      ["VM", vm.name],
      ["capture", vm.capture],
      ["base", vm.basePointId === "" ? "none" : vm.basePointId],
      ["placement", vm.placement],
      ["reads", vm.expectedBytes === undefined ? "unknown" : `about ${bytesText(vm.expectedBytes)}`],
      ["takes", durationText(vm)],
    ]),
    tableText(
      ["  disk", "alias", "size", "mode", "reason", "reads", "judged by"],
      vm.disks.map((disk) => [
        `  ${disk.diskId}`,
        disk.alias,
        bytesText(disk.sizeBytes),
        disk.mode,
        disk.reason,
        disk.expectedBytes === undefined ? "unknown" : `~${bytesText(disk.expectedBytes)}`,
        disk.basis,
      ]),
    ),
    ...vm.disks.map((disk) => `  disk ${disk.alias}: ${disk.words}`),
    ...vm.remarks.map((remark) => `  ${remark.level} ${remark.code}: ${remark.message}`),
  ].join("\n");

const durationText = ({ expectedSeconds, timeBasis }: PlannedVm): string => {
  if (expectedSeconds === undefined) return timeBasis === "" ? "unknown" : `unknown: ${timeBasis}`;
  return `about ${spanText(expectedSeconds * 1_000n)}, by ${timeBasis}`;
};

const activeFullText = ({ definition }: Job): string => {
  if (definition === undefined || definition.activeFullOn === "") return "by hand only";
  const never = definition.dailyAt === "" ? " (never, since there is no schedule)" : "";
  return `on ${definition.activeFullOn}${never}`;
};

const auditText = ({ definition }: Job): string => {
  if (definition === undefined || definition.audit === "off") return "off: change tracking is trusted";
  if (definition.dailyAt === "") return "never, since there is no schedule";
  return `each VM once in ${definition.audit}, ${bytesText(definition.auditBytesPerNight)} a run at most`;
};

const sampleText = ({ definition }: Job): string =>
  definition === undefined || definition.sampleChunks === 0
    ? "as the installation says"
    : `${definition.sampleChunks} unchanged chunks of each disk`;

const captureText = ({ definition }: Job): string =>
  `${definition?.capture ?? ""}${definition?.legacyCapture === true ? " (legacy)" : ""}`;

const scheduleText = (job: Job): string => {
  const definition = job.definition;
  if (definition === undefined || definition.dailyAt === "") return "none";
  return `daily ${definition.dailyAt} ${definition.timeZone}`.trimEnd();
};
