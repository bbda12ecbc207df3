import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ManagerVms } from "../inventory/resolve-vm.ts";
import { resolveVm, type FoundVm } from "../inventory/resolve-vm.ts";
import { isTimeZone } from "../retention/calendar-day.ts";
import { mostSampleChunks } from "../sessions/work-settings.ts";
import { type CapturePolicy, captureWays, consistencyWishes } from "../capture/capture-policy.ts";
import { defaultAuditBytesPerNight, parseAudit } from "./audit.ts";
import { parseChosenDays } from "./chosen-days.ts";
import { type Codec, type ExcludedDisk, type Job, codecs } from "./job.ts";
import { isDailyTime } from "./schedule.ts";

/** A job in an operator's words. */
export interface JobWords {
  readonly name: string;
  readonly vms: readonly string[];
  readonly excludedDisks: readonly string[];
  readonly repository: string;
  readonly dailyAt: string;
  readonly timeZone: string;
  readonly keepDays: number;
  readonly codec: string;
  readonly verifyAfter: boolean;
  readonly activeFullOn: string;
  readonly audit: string;
  readonly auditBytesPerNight: bigint;
  readonly sampleChunks: number;
  readonly capture: string;
  readonly legacyCapture: boolean;
  readonly consistency: string;
  readonly description: string;
}

/** What names are looked up in. */
export interface JobFacts {
  readonly managers: readonly ManagerVms[];
  readonly findRepositoryId: (idOrName: string) => string | undefined;
  readonly timeZone: string;
}

/** Everything of a job that its definition decides. */
export type DefinedJob = Omit<Job, "jobId" | "enabled" | "handledMs" | "createdMs">;

const defaultCodec: Codec = "zstd";
const mostKeepDays = 36_500;

/** Checks a definition and turns its names into ids. INVALID_ARGUMENT, VM_NOT_FOUND or NOT_FOUND says what is wrong. */
export const defineJob = (words: JobWords, facts: JobFacts): DefinedJob => {
  const name = words.name.trim();
  refuseUnless(/^[^\s/][^/]{0,99}$/.test(name), "a job needs a name of 1 to 100 characters without /");
  refuseUnless(words.vms.length > 0, "a job needs at least one VM");
  refuseUnless(words.dailyAt === "" || isDailyTime(words.dailyAt), `not a time of day (HH:MM): ${words.dailyAt}`);
  const timeZone = words.timeZone === "" ? facts.timeZone : words.timeZone;
  refuseUnless(isTimeZone(timeZone), `not a time zone: ${timeZone}`);
  refuseUnless(
    Number.isInteger(words.keepDays) && words.keepDays >= 1 && words.keepDays <= mostKeepDays,
    `points are kept for 1 to ${mostKeepDays} days`,
  );
  refuseUnless(
    words.sampleChunks <= mostSampleChunks,
    `a sample is of ${mostSampleChunks} chunks of each disk at most: ${words.sampleChunks}`,
  );
  const repositoryId = facts.findRepositoryId(words.repository);
  if (repositoryId === undefined) throw new HoldfastError("NOT_FOUND", `no repository ${words.repository}`);
  const found = uniqueVms(words.vms.map((text) => resolveVm(text, facts.managers)));
  return {
    name,
    description: words.description,
    vms: found.map(({ managerId, vm }) => ({ managerId, vmId: vm.id, vmName: vm.name })),
    excludedDisks: words.excludedDisks.map((text) => resolveDisk(text, found)),
    repositoryId,
    dailyAt: words.dailyAt,
    timeZone,
    keepDays: words.keepDays,
    codec: toCodec(words.codec),
    verifyAfter: words.verifyAfter,
    activeFullOn: parseChosenDays(words.activeFullOn),
    auditDays: parseAudit(words.audit),
    auditBytesPerNight: toAuditBytes(words.auditBytesPerNight),
    sampleChunks: words.sampleChunks,
    capture: toCapturePolicy(words),
  };
};

const refuseUnless = (isRight: boolean, message: string): void => {
  if (!isRight) throw new HoldfastError("INVALID_ARGUMENT", message);
};

const toCodec = (text: string): Codec => {
  const codec = text === "" ? defaultCodec : codecs.find((one) => one === text);
  if (codec === undefined) throw new HoldfastError("INVALID_ARGUMENT", `not a codec: ${text} (${codecs.join(", ")})`);
  return codec;
};

const toAuditBytes = (bytes: bigint): number => {
  refuseUnless(bytes >= 0n && bytes <= BigInt(Number.MAX_SAFE_INTEGER), `not a number of bytes: ${bytes}`);
  return bytes === 0n ? defaultAuditBytesPerNight : Number(bytes);
};

const toCapturePolicy = (words: JobWords): CapturePolicy => {
  const way = words.capture === "" ? "auto" : captureWays.find((one) => one === words.capture);
  if (way === undefined) {
    throw new HoldfastError("INVALID_ARGUMENT", `not a way to capture: ${words.capture} (${captureWays.join(", ")})`);
  }
  const consistency = words.consistency === "" ? "none" : consistencyWishes.find((one) => one === words.consistency);
  if (consistency === undefined) {
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      `not a wish about consistency: ${words.consistency} (${consistencyWishes.join(", ")})`,
    );
  }
  refuseUnless(way !== "snapshot" || !words.legacyCapture, "a snapshot capture has no legacy form");
  return { way, legacy: words.legacyCapture, consistency };
};

/** A VM listed twice is done once, at its first place. */
const uniqueVms = (found: readonly FoundVm[]): readonly FoundVm[] => [
  ...new Map(found.map((one) => [`${one.managerId}/${one.vm.id}`, one])).values(),
];

/** A disk by id, `vm:alias` or `vm:id`, of the job's VMs. */
const resolveDisk = (text: string, vms: readonly FoundVm[]): ExcludedDisk => {
  const colon = text.lastIndexOf(":");
  const [vmWord, diskWord] = colon === -1 ? ["", text] : [text.slice(0, colon), text.slice(colon + 1)];
  const matches = vms
    .filter(({ managerName, vm }) => vmWord === "" || [vm.id, vm.name, `${managerName}/${vm.name}`].includes(vmWord))
    .flatMap(({ vm }) =>
      vm.disks
        .filter(({ id, alias }) => id === diskWord || (vmWord !== "" && alias === diskWord))
        .map((disk) => ({ vmId: vm.id, diskId: disk.id })),
    );
  const [first, second] = matches;
  if (first === undefined) throw new HoldfastError("NOT_FOUND", `no VM of the job has a disk ${text}`);
  if (second !== undefined) throw new HoldfastError("INVALID_ARGUMENT", `${text} names several disks: use an id`);
  return first;
};
