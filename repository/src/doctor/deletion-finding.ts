import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import type { DeletionVerdict } from "../clock/clock-rule.ts";

/** Whether a repository deletes what is gone: that it does not is a matter of its clock (K10). */
export const deletionFinding = ({ allowed, why }: DeletionVerdict): Finding =>
  toFinding({
    kind: "clock",
    subject: "deletion",
    state: allowed ? "ok" : "warning",
    message: allowed ? "goes on" : why,
    advice: "repository show NAME; set the clock of its machine right, then repository clock confirm NAME",
  });
