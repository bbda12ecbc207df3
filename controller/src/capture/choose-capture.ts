import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import { isEngineAtLeast } from "../hypervisor/engine-version.ts";
import { type Level, isAtLeast, levelText } from "../hypervisor/level.ts";
import type { CaptureKind } from "./capture-kind.ts";
import type { CapturePolicy } from "./capture-policy.ts";
import type { CaptureRemark } from "./reasons.ts";

/** Everything that decides, before the engine is asked, how a VM is captured. */
export interface CaptureFacts {
  /** `4.5.6-1.el9`; empty when nobody asked yet. */
  readonly engineVersion: string;
  readonly vm: { readonly name: string; readonly status: string; readonly level: Level };
  readonly policy: CapturePolicy;
}

/** How a VM is going to be captured. */
export interface CaptureChoice {
  readonly kind: CaptureKind;
  readonly remarks: readonly CaptureRemark[];
}

/**
 * Chooses by facts: hybrid, live and cold are what the backup API makes of engine version, compatibility level and status; a
 * snapshot is taken where the job wants one, and, with a notice, where the API is known not to serve the VM. Fails with
 * ENGINE_NOT_SUPPORTED, or CAPTURE_NOT_SUPPORTED when the job insists on the API; both name what is there and what is needed.
 */
export const chooseCapture = (facts: CaptureFacts): CaptureChoice => {
  const { engineVersion, policy, vm } = facts;
  const tooOld = whyEngineTooOld(engineVersion);
  if (tooOld !== undefined) throw new HoldfastError("ENGINE_NOT_SUPPORTED", tooOld, { details: { engineVersion } });
  if (policy.way === "snapshot") return { kind: "snapshot", remarks: [] };
  const kind = kindOfBackupApi(facts);
  const lacking = whyNoBackupApi(kind, facts);
  if (lacking === undefined) return { kind, remarks: [] };
  if (policy.way === "backup-api") {
    throw new HoldfastError("CAPTURE_NOT_SUPPORTED", `vm ${vm.name} cannot be captured by the backup API: ${lacking}`, {
      details: { engineVersion, level: levelText(vm.level), status: vm.status },
    });
  }
  const message = `it is read from a snapshot of ours, in full: ${lacking}`;
  return { kind: "snapshot", remarks: [{ level: "notice", code: "SNAPSHOT_CAPTURE", message, diskId: "" }] };
};

/** Why an engine is too old for any backup, with both versions; undefined when it is not, or its version cannot be read. */
export const whyEngineTooOld = (engineVersion: string): string | undefined =>
  isEngineAtLeast(engineVersion, 4, 4) === false
    ? `the engine is ${engineVersion}; 4.4 or newer is needed: older hosts do not tell what of a disk is data`
    : undefined;

const kindOfBackupApi = ({ engineVersion, vm, policy }: CaptureFacts): CaptureKind => {
  const knowsHybrid = isEngineAtLeast(engineVersion, 4, 5) !== false;
  if (knowsHybrid && isAtLeast(vm.level, 4, 7) && !policy.legacy) return "hybrid";
  return vm.status === "down" ? "cold" : "live";
};

/** What the backup API lacks for this VM, in words that name what is there and what is needed. */
const whyNoBackupApi = (kind: CaptureKind, { engineVersion, vm }: CaptureFacts): string | undefined => {
  const level = `its compatibility level is ${levelText(vm.level)}`;
  if (!isAtLeast(vm.level, 4, 3)) return `${level}, the backup API needs 4.3`;
  if (kind !== "cold") return undefined;
  if (!isAtLeast(vm.level, 4, 5)) return `it is down and ${level}, a cold capture needs 4.5`;
  if (isEngineAtLeast(engineVersion, 4, 4, 4) === false)
    return `it is down and the engine is ${engineVersion}, a cold capture needs 4.4.4`;
  return undefined;
};
