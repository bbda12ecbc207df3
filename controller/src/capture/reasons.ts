/** How a disk is read. `unchanged` is found by the agent when the engine reports no change at all. */
export type DiskMode = "incremental" | "full" | "compare" | "unchanged" | "skipped";

/** How a reason is told (R10): not at all, as planned and told beforehand, or as unplanned. */
type ReasonLevel = "silent" | "notice" | "warning";

interface ReasonTraits {
  readonly level: ReasonLevel;
  /** Says in words why; stands after the disk's name. */
  readonly words: string;
}

/** Why a disk has its mode: the stable words that stand in plans, manifests and session reports. */
export const reasons = {
  "tracking-good": { level: "silent", words: "the engine tracked its changes since the base" },
  "grown-disk": { level: "silent", words: "it grew since the base: changes are tracked, the new end is read" },
  "no-base": { level: "silent", words: "there is no earlier good point of this VM" },
  "new-disk": { level: "notice", words: "it is not in the base: it is read in full" },
  "raw-disk": { level: "notice", words: "it is raw: changes of raw disks cannot be tracked" },
  "tracking-off": {
    level: "notice",
    words:
      "the engine's flag for change tracking, which compatibility levels below 4.5 need, is off (vm enable-tracking)",
  },
  "base-untracked": { level: "notice", words: "the base recorded no checkpoint for it" },
  "below-level": {
    level: "notice",
    words: "below level 4.5 the engine tells the changes of all disks of a backup or of none: another disk has none",
  },
  "active-full": {
    level: "silent",
    words: "an active full was asked for: all of it is read, and what tracking told is checked",
  },
  audit: { level: "notice", words: "it is audited: all of it is read, and what tracking told is checked" },
  "shrunk-disk": { level: "warning", words: "it is smaller than in the base: it is read in full" },
  "checkpoint-missing": { level: "warning", words: "the engine no longer has the base's checkpoint" },
  "checkpoint-invalid": { level: "warning", words: "the engine calls the base's checkpoint invalid" },
  "checkpoint-refused": {
    level: "warning",
    words: "the engine refuses to tell its changes since the base's checkpoint",
  },
  "checkpoint-doubted": {
    level: "notice",
    words: "its manager was trusted anew since the base: the base's checkpoint is doubted once",
  },
  "tracking-lied-since": {
    level: "notice",
    words: "a later backup of the VM found that change tracking had lied: nothing older is relied on",
  },
  "tracking-broken": {
    level: "warning",
    words: "the engine could not serve its tracked changes in an earlier attempt",
  },
  "engine-says-full": { level: "warning", words: "the engine offers no changes for it since the base" },
  "snapshot-capture": {
    level: "notice",
    words: "it is read from a snapshot, which tells no changes: it is read in full and compared",
  },
  "disk-excluded": { level: "silent", words: "the job leaves it out" },
  "not-active": { level: "notice", words: "it is not plugged in" },
  shareable: { level: "notice", words: "shareable disks cannot be frozen" },
  lun: { level: "notice", words: "direct LUNs cannot be frozen" },
  "foreign-storage": { level: "notice", words: "its storage is not the engine's own image storage" },
  illegal: { level: "warning", words: "the engine calls its image illegal" },
  "engine-left-out": { level: "warning", words: "the engine left it out of the capture" },
} as const satisfies Readonly<Record<string, ReasonTraits>>;

/** One of the words of the table. */
export type Reason = keyof typeof reasons;

/** A remark for the session's report; `code` is the reason in the form of codes. */
export interface CaptureRemark {
  readonly level: "notice" | "warning";
  readonly code: string;
  readonly message: string;
  /** Empty when it is about the VM. */
  readonly diskId: string;
}

/** The code under which a reason is told: `checkpoint-missing` → `CHECKPOINT_MISSING`. */
export const codeOfReason = (reason: Reason): string => reason.toUpperCase().replaceAll("-", "_");

/** The remark that a reason calls for, if any. */
export const remarkOf = (
  reason: Reason,
  disk: { readonly id: string; readonly alias: string },
): CaptureRemark | undefined => {
  const { level, words }: ReasonTraits = reasons[reason];
  if (level === "silent") return undefined;
  return { level, code: codeOfReason(reason), message: `disk ${disk.alias}: ${words}`, diskId: disk.id };
};
