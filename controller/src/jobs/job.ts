import type { CapturePolicy } from "../capture/capture-policy.ts";

/** A VM of a job, by id; its name is kept for showing. */
export interface JobVm {
  readonly managerId: string;
  readonly vmId: string;
  readonly vmName: string;
}

/** A disk of one of its VMs that a job leaves out. */
export interface ExcludedDisk {
  readonly vmId: string;
  readonly diskId: string;
}

/** The codecs that chunks may be packed with. */
export const codecs = ["zstd", "lz4"] as const;

/** One of the codecs. */
export type Codec = (typeof codecs)[number];

/** What, where to, when, how long kept; every name resolved to an id. */
export interface Job {
  readonly jobId: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly vms: readonly JobVm[];
  readonly excludedDisks: readonly ExcludedDisk[];
  readonly repositoryId: string;
  /** `HH:MM`; empty for no schedule. */
  readonly dailyAt: string;
  /** IANA zone; of its schedule and of its points' calendar days. */
  readonly timeZone: string;
  /** At least 1. */
  readonly keepDays: number;
  readonly codec: Codec;
  /** Days on which its scheduled run is an active full (policy 19), see `parseChosenDays`; empty for none. */
  readonly activeFullOn: string;
  /** Each VM is read whole once in so many days (policy 20); 0 for never. */
  readonly auditDays: number;
  /** Bytes of VMs that one run audits at most. */
  readonly auditBytesPerNight: number;
  /** Unchanged chunks that an increment reads and compares, per disk; 0 for what the installation says. */
  readonly sampleChunks: number;
  /** After each session the newest good point of each of its VMs is read back (policy 21). */
  readonly verifyAfter: boolean;
  /** How its VMs are captured. */
  readonly capture: CapturePolicy;
  /** Nominal starts up to this moment are dealt with. */
  readonly handledMs: number;
  readonly createdMs: number;
}
