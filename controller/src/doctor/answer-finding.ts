import { isErrorCode, traitsOf } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";

/** A process that answered. */
export const answered = (message: string, ms: number): Finding =>
  toFinding({ kind: "answer", subject: "answer", message, measured: { value: Math.ceil(ms), unit: "ms" } });

/** A process that did not. */
export const unanswered = (message: string, advice: string): Finding =>
  toFinding({ kind: "answer", subject: "answer", state: "error", message, advice });

/** A process that answered with an error, or could not be asked. */
export const failedAnswer = (caught: unknown, otherwise: string): Finding => {
  const { code, message } = HoldfastError.from(caught);
  const advice = isErrorCode(code) ? traitsOf(code).advice : undefined;
  return unanswered(`${code}: ${message}`, advice ?? otherwise);
};
