import type { VmAct } from "./step.ts";
import type { VmState } from "./walk-state.ts";

/** How a session may end. */
export interface ExpectedEnd {
  /** `must`: by a point. `may`: by a point, or by one of `errors`. `never`: by one of `errors`. */
  readonly point: "must" | "may" | "never";
  /** Codes that a session without its point may end by. */
  readonly errors: readonly string[];
  /** Codes of warnings that it may show. */
  readonly warnings: readonly string[];
}

/** Why a disk is compared that was to be read by its changes. */
const trackingWarnings = [
  "CHECKPOINT_MISSING",
  "CHECKPOINT_INVALID",
  "CHECKPOINT_REFUSED",
  "TRACKING_BROKEN",
  "ENGINE_SAYS_FULL",
  "TRACKING_LIED",
  "SHRUNK_DISK",
  // The capture of the first attempt failed for it.
  "ATTEMPT_RETRIED",
  // The sample alone reads all of so small a disk; where it finds a lie, the engine has ended the transfer that was read whole.
  "TRANSFER_RENEWED",
  // What the engine said of the capture that failed.
  "ENGINE_EVENT",
] as const;

/** What a backup of a VM may come to whose host, or whose agent or controller, is lost in the middle. */
const disturbedErrors = [
  "VM_STATE_UNFIT",
  "CAPTURE_FAILED",
  "CAPTURE_ENDED",
  "TRANSFER_FAILED",
  "DISK_READ_FAILED",
  "TICKET_REFUSED",
] as const;

/** How the session of a backup is to end in this state. */
export const expectedEnd = (vm: VmState, act: Extract<VmAct, { kind: "backup" | "backup-disturbed" }>): ExpectedEnd => {
  if (vm.preview !== undefined) return { point: "never", errors: ["VM_STATE_UNFIT", "VM_PREVIEWING"], warnings: [] };
  if (act.kind === "backup-disturbed") {
    return {
      point: act.by === "host" ? "may" : "must",
      errors: act.by === "host" ? disturbedErrors : [],
      warnings: [...trackingWarnings, "ROUTE_FELL_BACK", "COMMITTED_ANYWAY", "SNAPSHOT_LEFT"],
    };
  }
  return { point: "must", errors: [], warnings: vm.shaken ? trackingWarnings : [] };
};

/** What a session came to. */
export interface SeenEnd {
  readonly made: boolean;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** What is wrong with how a session ended, in words; empty when it ended as it may. */
export const findSurprises = (expected: ExpectedEnd, seen: SeenEnd): readonly string[] => {
  const strangers = (kind: string, codes: readonly string[], may: readonly string[]): readonly string[] =>
    codes.filter((code) => !may.includes(code)).map((code) => `${kind} ${code} is not expected`);
  return [
    ...(seen.made && expected.point === "never" ? ["a point was made where none can be"] : []),
    ...(!seen.made && expected.point === "must" ? ["no point was made"] : []),
    ...(!seen.made && seen.errors.length === 0 ? ["it ended without a point and without a code"] : []),
    ...strangers("error", seen.errors, expected.errors),
    ...strangers("warning", seen.warnings, expected.warnings),
  ];
};
