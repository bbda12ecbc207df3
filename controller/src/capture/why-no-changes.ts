import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Reason } from "./reasons.ts";

/**
 * Why an engine that was asked for a capture from a checkpoint refuses that, though not the capture; undefined for other failures. A
 * level that has no increments (any more) says so without a word about the checkpoint.
 */
export const whyNoChanges = (caught: unknown): Reason | undefined => {
  const words = caught instanceof HoldfastError ? String(caught.details["detail"]) : "";
  if (hasCode(caught, "ENGINE_FAULT"))
    return /incremental backup is not supported/i.test(words) ? "checkpoint-refused" : undefined;
  if (!hasCode(caught, "CHECKPOINT_UNUSABLE")) return undefined;
  if (/doesn't exist/i.test(words)) return "checkpoint-missing";
  return /is invalid/i.test(words) ? "checkpoint-invalid" : "checkpoint-refused";
};
