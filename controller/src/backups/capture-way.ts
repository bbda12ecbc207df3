import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import * as z from "zod";
import type { CaptureKind } from "../capture/capture-kind.ts";
import type { CapturePolicy } from "../capture/capture-policy.ts";
import type { CaptureRemark } from "../capture/reasons.ts";

/** How one attempt has the disks frozen; kept before the engine is asked, so that a repeat asks for the same. */
export const captureWaySchema = z.discriminatedUnion("via", [
  z.object({
    via: z.literal("backup-api"),
    /** Of the attempt's captures the how manieth. */
    round: z.number(),
    legacy: z.boolean(),
    requireConsistency: z.boolean(),
  }),
  z.object({
    via: z.literal("snapshot"),
    /** True when we have the guest hold still for it, so that the snapshot fails without. */
    freezesGuest: z.boolean(),
  }),
]);

/** How one attempt has the disks frozen. */
export type CaptureWay = z.output<typeof captureWaySchema>;

/** What attempts did that did not know of ways. */
export const formerWay: CaptureWay = { via: "backup-api", round: 1, legacy: false, requireConsistency: false };

/** A way with what it makes the task say. */
export interface ChosenWay {
  readonly way: CaptureWay;
  readonly remarks: readonly CaptureRemark[];
}

interface WayFacts {
  /** What the backup API would do, or `snapshot`. */
  readonly kind: CaptureKind;
  readonly vmStatus: string;
  readonly policy: CapturePolicy;
  /** How often earlier attempts of the task ended with CAPTURE_FAILED. */
  readonly failures: number;
}

/** Failed captures after which the backup API is not asked again: the first may be a bitmap's fault, the second is not. */
const failuresBeforeSnapshot = 2;

/** The way that an attempt begins with. */
export const firstWay = ({ kind, vmStatus, policy, failures }: WayFacts): ChosenWay => {
  if (kind === "snapshot") return { way: snapshotWay(vmStatus, policy), remarks: [] };
  if (failures >= failuresBeforeSnapshot && policy.way === "auto") {
    return { way: snapshotWay(vmStatus, policy), remarks: [fellBack(`its captures failed ${failures} times`)] };
  }
  const isStrict = kind === "live" && policy.consistency !== "none";
  // A capture that failed without a word may have failed for its guest: one that is only preferred is not asked for twice.
  const requireConsistency = isStrict && (policy.consistency === "required" || failures === 0);
  return { way: { via: "backup-api", round: 1, legacy: policy.legacy, requireConsistency }, remarks: [] };
};

/**
 * The way after one that failed, in the same attempt; undefined when the failure stands. A guest that did not freeze where that
 * was only preferred is captured again without; a refusal of the backup API that no waiting cures leads to a snapshot where
 * the job allows it.
 */
export const nextWay = (
  way: CaptureWay,
  caught: unknown,
  { vmStatus, policy }: Pick<WayFacts, "vmStatus" | "policy">,
): ChosenWay | undefined => {
  if (way.via === "snapshot") return undefined;
  if (hasCode(caught, "CONSISTENCY_NOT_REACHED") && policy.consistency === "preferred") {
    return { way: { ...way, round: way.round + 1, requireConsistency: false }, remarks: [] };
  }
  if (policy.way !== "auto" || !isRefusal(caught)) return undefined;
  return { way: snapshotWay(vmStatus, policy), remarks: [fellBack(HoldfastError.from(caught).message)] };
};

const snapshotWay = (vmStatus: string, { consistency }: CapturePolicy): CaptureWay => ({
  via: "snapshot",
  freezesGuest: vmStatus === "up" && consistency === "required",
});

/** A refusal for good of the start of a capture, apart from those of which a snapshot would be refused as well. */
const isRefusal = (caught: unknown): boolean => {
  if (hasCode(caught, "CAPTURE_NOT_SUPPORTED")) return true;
  if (!(caught instanceof HoldfastError) || caught.code !== "ENGINE_FAULT") return false;
  const { status, call, detail } = caught.details;
  const isStart = typeof call === "string" && /^POST \/vms\/[^/]+\/backups$/.test(call);
  const isForAll = /Hosted Engine|not active on|do(?:es)? not exist/i.test(String(detail));
  return isStart && (status === 400 || status === 409) && !isForAll;
};

const fellBack = (why: string): CaptureRemark => ({
  level: "warning",
  code: "BACKUP_API_REFUSED",
  message: `the engine's backup API does not serve this VM, so a snapshot of ours is read in full: ${why}`,
  diskId: "",
});
